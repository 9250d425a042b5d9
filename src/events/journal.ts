import { messageOf } from "#errors/engine-error.ts";
import { BoundedQueue } from "#lib/bounded-queue.ts";
import { callAfter } from "#lib/call-after.ts";
import type { Logger } from "#lib/logger.ts";
import type { Filters } from "#spec/filters/filters.ts";
import type { EngineEvent, EventJournal } from "./contract.ts";
import type { EventStore } from "./event-store.ts";
import { matchesEvent } from "./filter.ts";

export interface JournalDeps {
  readonly store: EventStore;
  readonly logger: Logger;
  /** Nanoseconds since the epoch. */
  readonly now: () => bigint;
}

export interface JournalOptions {
  /** Events that wait for a slow subscriber. */
  readonly queueLimit: number;
  /** Events that wait for a disk that cannot be written. */
  readonly pendingLimit: number;
  /** Events that are read from the history at a time. */
  readonly pageSize: number;
}

type Subscription = Parameters<EventJournal["subscribe"]>[0];

interface Subscriber {
  readonly filters: Filters;
  readonly until: bigint;
  readonly queue: BoundedQueue<EngineEvent>;
  dropped: number;
}

const defaults: JournalOptions = { queueLimit: 1024, pendingLimit: 10_000, pageSize: 256 };
const FOREVER = 2n ** 63n - 1n;

/**
 * Events go to subscribers at once and to the disk right after: `emit` puts them in line, and what one turn of the event loop has
 * emitted is written in one transaction in the next. So an event survives a kill of the daemon unless it came in the very turn of
 * the kill; whoever must not lose one calls `flush` first. A disk that cannot be written costs history, never an event's delivery.
 */
export class Journal implements EventJournal {
  readonly #deps: JournalDeps;
  readonly #options: JournalOptions;
  readonly #subscribers = new Set<Subscriber>();
  #pending: EngineEvent[] = [];
  #flushing: NodeJS.Immediate | undefined;
  #failing = false;
  #emitted = 0;
  #last: bigint;

  constructor(deps: JournalDeps, options: Partial<JournalOptions> = {}) {
    this.#deps = deps;
    this.#options = { ...defaults, ...options };
    this.#last = deps.store.newest();
  }

  /** How many are listening; `docker info` shows it. */
  get listeners(): number {
    return this.#subscribers.size;
  }

  /** How many there have been since the daemon was started. */
  get emitted(): number {
    return this.#emitted;
  }

  emit(event: Omit<EngineEvent, "timeNano">): void {
    this.#emitted += 1;
    const now = this.#deps.now();
    // A clock that was set back, or two events in one tick of it: the order of emission is what counts.
    this.#last = now > this.#last ? now : this.#last + 1n;
    const complete: EngineEvent = { ...event, timeNano: this.#last };
    this.#pending.push(complete);
    if (this.#pending.length > this.#options.pendingLimit) this.#pending.shift();
    this.#flushing ??= setImmediate(() => this.flush());
    for (const subscriber of this.#subscribers) this.#offer(subscriber, complete);
  }

  /** Writes what is in line. Never throws: what cannot be written now is tried again with the next event. */
  flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (this.#pending.length === 0) return;
    try {
      this.#deps.store.append(this.#pending);
      this.#pending = [];
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#deps.logger.warn({ error: messageOf(error) }, "events cannot be written; they are kept in memory");
      this.#failing = true;
    }
  }

  /** Listens from this call on, not from the first read of what it returns. Without `since` and `until` there is no history. */
  subscribe(subscription: Subscription): AsyncIterable<EngineEvent> {
    const { filters, until = FOREVER, signal } = subscription;
    const subscriber: Subscriber = { filters, until, queue: new BoundedQueue(this.#options.queueLimit), dropped: 0 };
    const end = (): void => subscriber.queue.close();
    const cancelTimer = until === FOREVER ? undefined : callAfter(Number((until - this.#deps.now()) / 1_000_000n) + 1, end);
    const leave = (): void => {
      end();
      cancelTimer?.();
      signal.removeEventListener("abort", leave);
      this.#subscribers.delete(subscriber);
    };
    signal.addEventListener("abort", leave, { once: true });
    this.#subscribers.add(subscriber);
    if (signal.aborted) leave();
    return this.#deliver(subscription, subscriber, this.#last, leave);
  }

  async *#deliver(
    subscription: Subscription,
    subscriber: Subscriber,
    boundary: bigint,
    leave: () => void,
  ): AsyncGenerator<EngineEvent, void, undefined> {
    const { since, until } = subscription;
    try {
      const last = until !== undefined && until < boundary ? until : boundary;
      if (since !== undefined || until !== undefined) yield* this.#history(since ?? 0n, last, subscription);
      yield* subscriber.queue;
    } finally {
      leave();
      if (subscriber.dropped > 0) this.#deps.logger.warn({ lost: subscriber.dropped }, "a subscriber to events was too slow for some");
    }
  }

  /** Page by page, so that a slow reader of a long history costs no memory. */
  *#history(since: bigint, last: bigint, { filters, signal }: Subscription): Generator<EngineEvent, void, undefined> {
    this.flush();
    const unwritten = this.#pending.filter((event) => event.timeNano <= last);
    let after = since - 1n;
    for (let page = this.#page(after, last); page.length > 0 && !signal.aborted; page = this.#page(after, last)) {
      yield* page.filter((event) => matchesEvent(filters, event));
      after = page.at(-1)?.timeNano ?? last;
    }
    yield* unwritten.filter((event) => event.timeNano > after && matchesEvent(filters, event));
  }

  #page(after: bigint, last: bigint): EngineEvent[] {
    return this.#deps.store.page(after, last, this.#options.pageSize);
  }

  #offer(subscriber: Subscriber, event: EngineEvent): void {
    if (event.timeNano > subscriber.until || !matchesEvent(subscriber.filters, event)) return;
    if (subscriber.queue.push(event)) return;
    subscriber.dropped += 1;
    if (subscriber.dropped === 1) {
      this.#deps.logger.warn({ limit: this.#options.queueLimit }, "a subscriber reads events too slowly; it loses the oldest");
    }
  }
}
