import { EngineError } from "#errors/engine-error.ts";
import type { ExecSession } from "./exec-session.ts";

export interface ExecStoreOptions {
  /** Sessions at once, those that have ended included. */
  readonly most?: number;
  /** How long one that has ended can still be inspected, ms. */
  readonly keepMs?: number;
  /** How long one that was never started is kept, ms. */
  readonly unstartedMs?: number;
}

const SWEEP_EVERY = 10_000;

/** The exec sessions of all containers, bounded in number and in age. */
export class ExecStore {
  readonly #sessions = new Map<string, { session: ExecSession; readonly made: number }>();
  readonly #options: Required<ExecStoreOptions>;
  #swept = 0;

  constructor({ most = 8192, keepMs = 5 * 60_000, unstartedMs = 60 * 60_000 }: ExecStoreOptions = {}) {
    this.#options = { most, keepMs, unstartedMs };
  }

  /** @throws EngineError `exhausted` when as many run as may. */
  add(session: ExecSession, now = Date.now()): void {
    if (now - this.#swept >= SWEEP_EVERY || this.#sessions.size >= this.#options.most) this.#sweep(now);
    if (this.#sessions.size >= this.#options.most) this.#evictOldest();
    this.#sessions.set(session.id, { session, made: now });
  }

  /** @throws EngineError `not-found` with Docker's text. */
  get(id: string): ExecSession {
    const entry = this.#sessions.get(id);
    if (entry === undefined) throw new EngineError("not-found", `No such exec instance: ${id}`);
    return entry.session;
  }

  update(id: string, change: Partial<Pick<ExecSession, "state" | "size">>): void {
    const entry = this.#sessions.get(id);
    if (entry !== undefined) entry.session = { ...entry.session, ...change };
  }

  /** Nobody will ask for it any more. */
  delete(id: string): void {
    this.#sessions.delete(id);
  }

  /** Of those that run in a container. */
  runningIn(containerId: string): string[] {
    const entries = [...this.#sessions.values()].map(({ session }) => session);
    return entries.filter((session) => session.containerId === containerId && session.state.status === "running").map(({ id }) => id);
  }

  get size(): number {
    return this.#sessions.size;
  }

  #sweep(now: number): void {
    this.#swept = now;
    for (const [id, { session, made }] of this.#sessions) {
      const { state } = session;
      const ended = state.status === "exited" && now - state.at > this.#options.keepMs;
      if (ended || (state.status === "created" && now - made > this.#options.unstartedMs)) this.#sessions.delete(id);
    }
  }

  #evictOldest(): void {
    for (const [id, { session }] of this.#sessions) {
      if (session.state.status === "running" || session.state.status === "starting") continue;
      this.#sessions.delete(id);
      return;
    }
    throw new EngineError("exhausted", `more than ${this.#options.most} exec sessions run at once`);
  }
}
