/** What one peer may cost. Every figure is a bound that holds before anything is known of the peer. */
export interface HttpLimits {
  /** Request line and headers together, in bytes; more answers 431. */
  readonly headerBytes: number;
  /** Header lines; more answers 431. Node would drop the rest without a word. */
  readonly headerCount: number;
  /** From the first byte of a head (or from the connection's start) to its end, in ms; longer answers 408. */
  readonly headerMs: number;
  /** From the head's end to the end of a body that is read as JSON, in ms; longer answers 400. */
  readonly jsonMs: number;
  /** A JSON body, in bytes; more answers 413. The largest real one, a create with inlined configuration, is well below 1 MiB. */
  readonly jsonBytes: number;
  /** Connections at once. At the limit the connection that has been idle longest gives way to a new one. */
  readonly connections: number;
  /** How long a connection that is closed with unread input is drained, so that the peer can read the answer first, in ms. */
  readonly lingerMs: number;
  /** Unread request bytes that are still worth reading to keep a connection; a longer rest closes it after the answer. */
  readonly drainBytes: number;
}

export const defaultLimits: HttpLimits = Object.freeze({
  headerBytes: 16 * 1024,
  headerCount: 256,
  headerMs: 20_000,
  jsonMs: 60_000,
  jsonBytes: 4 * 1024 * 1024,
  connections: 4096,
  lingerMs: 2000,
  drainBytes: 256 * 1024,
});
