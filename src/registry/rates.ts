import { RegistryError } from "./protocol/registry-error.ts";

/** A client that comes back after a pause may do so much at once: a pull asks for a manifest and all its layers together. */
const BURST_SECONDS = 10;
const MOST_REMEMBERED = 10_000;

/** So many requests a second for each address, and a burst on top: a bucket that fills by itself. */
export class RequestRates {
  readonly #perSecond: number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(perSecond: number, now: () => number = Date.now) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /** @throws RegistryError `TOOMANYREQUESTS`. */
  take(account: string): void {
    const most = this.#perSecond * BURST_SECONDS;
    const now = this.#now();
    const before = this.#buckets.get(account) ?? { tokens: most, at: now };
    const tokens = Math.min(most, before.tokens + ((now - before.at) / 1000) * this.#perSecond);
    // Anew at the end of the list, whose beginning is forgotten first.
    this.#buckets.delete(account);
    this.#buckets.set(account, { tokens: Math.max(0, tokens - 1), at: now });
    this.#forgetOldest();
    if (tokens >= 1) return;
    const seconds = Math.max(1, Math.ceil((1 - tokens) / this.#perSecond));
    throw new RegistryError("TOOMANYREQUESTS", "too many requests", { headers: { "Retry-After": String(seconds) } });
  }

  #forgetOldest(): void {
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= MOST_REMEMBERED) return;
      this.#buckets.delete(oldest);
    }
  }
}
