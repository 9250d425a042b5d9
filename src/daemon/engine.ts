import type { Listener } from "#http/listen.ts";

/** The wired engine, as the daemon's life deals with it. */
export interface Engine {
  /** Answers the API on what the listener accepts. */
  serve(listener: Listener): void;

  /** The configuration was replaced: tells whoever does not ask for it each time, and records the event. */
  reloaded(): void;

  /** Removes every container and every network that somebody made. What cannot be removed is told and stays. */
  clear(): Promise<void>;

  /** Ends connections, finishes what is under way, writes what is not written. Containers are left as they are. */
  close(): Promise<void>;
}
