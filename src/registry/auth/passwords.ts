import { createHmac, randomBytes } from "node:crypto";
import { WorkerPool } from "#lib/worker/pool.ts";
import { workerUrl } from "#lib/worker/url.ts";
import { RegistryError } from "../protocol/registry-error.ts";
import type { Credentials } from "./basic-header.ts";
import { Failures } from "./failures.ts";
import type { Htpasswd } from "./htpasswd.ts";

export interface CompareJob {
  readonly password: string;
  readonly hash: string;
}

/** A right password need not be worked on again for so long: a push sends it a hundred times. */
const REMEMBERED_MS = 5 * 60_000;
const MOST_REMEMBERED = 1000;
const MOST_WAITING = 64;
/** Of no password that anybody has; cost 10, as `htpasswd -B` and `docker run httpd htpasswd` give unless told otherwise are 5 to 12. */
const NOBODY = "$2b$10$CwTycUXWue0Thq9StjUM0uJ8V0Qb7n5cQf3z5oHqk2j5u6bJmT0Pe";

/** Checks passwords on a thread of its own: one takes a tenth of a second of a core, and the event loop has others to serve. */
export class Passwords {
  readonly #htpasswd: Htpasswd;
  readonly #pool: WorkerPool;
  readonly #failures = new Failures();
  readonly #secret = randomBytes(32);
  readonly #right = new Map<string, { readonly until: number; readonly answer: Promise<boolean> }>();
  #waiting = 0;

  constructor(htpasswd: Htpasswd) {
    this.#htpasswd = htpasswd;
    this.#pool = new WorkerPool({
      name: "bcrypt",
      url: workerUrl("bcrypt"),
      threads: 1,
      jobsPerThread: 1,
      idleMs: 30_000,
      heapMegabytes: 64,
    });
  }

  /**
   * @param account where they come from.
   * @throws RegistryError `TOOMANYREQUESTS`.
   */
  async areRight({ user, password }: Credentials, account: string): Promise<boolean> {
    const hash = await this.#htpasswd.hashOf(user);
    // An unknown user takes as long as a wrong password.
    const isRight = await this.#compareOnce(user, password, hash ?? NOBODY, [account, `user:${user}`]);
    return hash !== undefined && isRight;
  }

  /** Changes with a user's password; undefined when there is no such user. */
  async fingerprintOf(user: string): Promise<string | undefined> {
    const hash = await this.#htpasswd.hashOf(user);
    return hash === undefined ? undefined : createHmac("sha256", hash).update(user).digest("base64url").slice(0, 16);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  /** The same question, asked while the first is open or soon after it was found right, is answered with that. */
  async #compareOnce(user: string, password: string, hash: string, accounts: readonly string[]): Promise<boolean> {
    // The password itself is not kept; the hash in it makes a changed one count at once.
    const key = createHmac("sha256", this.#secret)
      .update(JSON.stringify([user, password, hash]))
      .digest("base64url");
    const known = this.#right.get(key);
    if (known !== undefined && known.until > Date.now()) return known.answer;
    this.#failures.check(accounts);
    const answer = this.#compare(password, hash);
    this.#remember(key, answer);
    const isRight = await answer.catch((error: unknown) => {
      this.#right.delete(key);
      throw error;
    });
    if (!isRight) {
      this.#right.delete(key);
      this.#failures.add(accounts);
    }
    return isRight;
  }

  async #compare(password: string, hash: string): Promise<boolean> {
    if (this.#waiting >= MOST_WAITING) {
      throw new RegistryError("TOOMANYREQUESTS", "too many passwords at once", { headers: { "Retry-After": "5" } });
    }
    this.#waiting++;
    try {
      return (await this.#pool.run({ password, hash } satisfies CompareJob)) === true;
    } finally {
      this.#waiting--;
    }
  }

  #remember(key: string, answer: Promise<boolean>): void {
    this.#right.set(key, { until: Date.now() + REMEMBERED_MS, answer });
    for (const oldest of this.#right.keys()) {
      if (this.#right.size <= MOST_REMEMBERED) return;
      this.#right.delete(oldest);
    }
  }
}
