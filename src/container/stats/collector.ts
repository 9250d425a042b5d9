import { BoundedQueue } from "#lib/bounded-queue.ts";
import type { StatsSample } from "./sample.ts";

/** What is known of a container at a moment: a sample, that it does not run, or that it is no more. */
export type Reading = StatsSample | "not-running" | "gone";

type Listener = (reading: Reading) => void;

interface Feed {
  readonly listeners: Set<Listener>;
  latest: StatsSample | undefined;
}

export interface CollectorOptions {
  /** Time from one round to the next, ms. */
  readonly every: number;
}

/**
 * Reads containers once a second for as long as somebody listens, each once however many do. Between two containers the event loop
 * gets its turn, so that hundreds do not hold up anybody.
 */
export class StatsCollector {
  readonly #read: (id: string) => Reading;
  readonly #every: number;
  readonly #feeds = new Map<string, Feed>();
  /** Whose turn comes, in order. */
  readonly #due = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #working = false;

  constructor(read: (id: string) => Reading, { every }: CollectorOptions = { every: 1000 }) {
    this.#read = read;
    this.#every = every;
  }

  /** How many containers are being read. */
  get size(): number {
    return this.#feeds.size;
  }

  /** The last sample of a container that somebody listens to already. */
  latest(id: string): StatsSample | undefined {
    return this.#feeds.get(id)?.latest;
  }

  /**
   * Readings from now on: the first at once where nobody has listened before. Ends when the container is gone or the signal aborts. To whoever
   * takes them slower than they come, only the newest is kept.
   */
  async *follow(id: string, signal: AbortSignal): AsyncGenerator<StatsSample | "not-running", void, undefined> {
    const readings = new BoundedQueue<StatsSample | "not-running">(1);
    const leave = this.#listen(id, (reading) => (reading === "gone" ? readings.close() : readings.push(reading)));
    const end = (): void => readings.close();
    signal.addEventListener("abort", end);
    try {
      if (!signal.aborted) yield* readings;
    } finally {
      signal.removeEventListener("abort", end);
      leave();
    }
  }

  #listen(id: string, listener: Listener): () => void {
    const feed = this.#feeds.get(id) ?? this.#open(id);
    feed.listeners.add(listener);
    return () => {
      feed.listeners.delete(listener);
      if (feed.listeners.size === 0 && this.#feeds.get(id) === feed) this.#close(id);
    };
  }

  #open(id: string): Feed {
    const feed: Feed = { listeners: new Set(), latest: undefined };
    this.#feeds.set(id, feed);
    this.#timer ??= setInterval(() => this.#schedule(this.#feeds.keys()), this.#every).unref();
    this.#schedule([id]);
    return feed;
  }

  #close(id: string): void {
    this.#feeds.delete(id);
    this.#due.delete(id);
    if (this.#feeds.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #schedule(ids: Iterable<string>): void {
    for (const id of ids) this.#due.add(id);
    if (this.#working) return;
    this.#working = true;
    setImmediate(() => this.#work());
  }

  /** One container a turn. */
  #work(): void {
    const [id] = this.#due;
    if (id === undefined) {
      this.#working = false;
      return;
    }
    this.#due.delete(id);
    this.#publish(id);
    setImmediate(() => this.#work());
  }

  #publish(id: string): void {
    const feed = this.#feeds.get(id);
    if (feed === undefined) return;
    const reading = this.#read(id);
    feed.latest = typeof reading === "string" ? undefined : reading;
    for (const listener of feed.listeners) listener(reading);
  }
}
