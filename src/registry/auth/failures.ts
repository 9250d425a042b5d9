import { RegistryError } from "../protocol/registry-error.ts";

const WINDOW_MS = 60_000;
const MOST_FAILURES = 20;
/** For one user from everywhere: more, so that nobody is locked out by a stranger's handful. */
const MOST_FAILURES_OF_USER = 200;
const MOST_REMEMBERED = 10_000;

/** Slows down who guesses passwords: after so many wrong ones from an address, or for a user, nobody from there is heard for a while. */
export class Failures {
  readonly #now: () => number;
  readonly #counts = new Map<string, { count: number; readonly since: number }>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** @throws RegistryError `TOOMANYREQUESTS`. */
  check(keys: readonly string[]): void {
    for (const key of keys) {
      const entry = this.#counts.get(key);
      if (entry === undefined || entry.count < (key.startsWith("user:") ? MOST_FAILURES_OF_USER : MOST_FAILURES)) continue;
      const left = entry.since + WINDOW_MS - this.#now();
      if (left <= 0) this.#counts.delete(key);
      else {
        throw new RegistryError("TOOMANYREQUESTS", "too many wrong passwords", {
          headers: { "Retry-After": String(Math.ceil(left / 1000)) },
        });
      }
    }
  }

  add(keys: readonly string[]): void {
    for (const key of keys) {
      const before = this.#counts.get(key);
      if (before !== undefined && before.since + WINDOW_MS > this.#now()) before.count++;
      else {
        this.#counts.delete(key);
        this.#counts.set(key, { count: 1, since: this.#now() });
      }
    }
    for (const oldest of this.#counts.keys()) {
      if (this.#counts.size <= MOST_REMEMBERED) return;
      this.#counts.delete(oldest);
    }
  }
}
