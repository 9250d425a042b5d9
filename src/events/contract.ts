import type { Filters } from "#spec/filters/filters.ts";

/**
 * The event journal: every change that a client may want to know of, durable and in order.
 *
 * `type` and `action` are Docker's words (`container`/`start`, `die`, `destroy`; `image`/`pull`, `tag`, `untag`, `delete`;
 * `network`/`connect`; `volume`/`create`; `daemon`/`reload`). Attributes hold what the filters of /events ask for: for a
 * container its labels, `image`, `name` and, at `die`, `exitCode` and `execDuration` (seconds).
 */
export interface EngineEvent {
  readonly type: "container" | "image" | "network" | "volume" | "daemon" | "builder" | "plugin";
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Nanoseconds since the epoch, strictly growing within one journal. */
  readonly timeNano: bigint;
}

/** What a noun needs of the journal. */
export interface EventSink {
  /** Synchronous and cheap: recorded and handed to every subscriber before it returns; never throws. */
  emit(event: Omit<EngineEvent, "timeNano">): void;
}

export interface EventJournal extends EventSink {
  /**
   * History from `since` and then what comes, until `until` (which may lie in the past) or the signal. A slow subscriber has a
   * bounded queue; when it overflows the oldest are dropped for that subscriber alone, and a warning is logged.
   */
  subscribe(options: { since?: bigint; until?: bigint; filters: Filters; signal: AbortSignal }): AsyncIterable<EngineEvent>;
}
