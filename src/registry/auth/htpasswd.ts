import { readFile, stat } from "node:fs/promises";
import { EngineError, messageOf } from "#errors/engine-error.ts";

/** Users and their bcrypt hashes, as `htpasswd -B` writes them. */
export class Htpasswd {
  readonly #path: string;
  #users: ReadonlyMap<string, string> = new Map();
  #seen = "";

  private constructor(path: string) {
    this.#path = path;
  }

  /** @throws EngineError `invalid` for a file that cannot be read, or has a line that is none. */
  static async open(path: string): Promise<Htpasswd> {
    const file = new Htpasswd(path);
    await file.#load();
    return file;
  }

  /** The hash of a user; the file is read again when it has changed. One that has become unreadable or wrong leaves the users as they were. */
  async hashOf(user: string): Promise<string | undefined> {
    await this.#load().catch(() => undefined);
    return this.#users.get(user);
  }

  async #load(): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(this.#path);
      const seen = `${mtimeMs} ${size} ${ino}`;
      if (seen === this.#seen) return;
      this.#users = parseHtpasswd(await readFile(this.#path, "utf8"));
      this.#seen = seen;
    } catch (cause) {
      throw cause instanceof EngineError ? cause : new EngineError("invalid", `cannot read ${this.#path}: ${messageOf(cause)}`, { cause });
    }
  }
}

const BCRYPT = /^\$2[aby]\$(?:0[4-9]|1[0-9]|2[0-4])\$[./A-Za-z0-9]{53}$/;

/** @throws EngineError `invalid`: hashes of the other kinds (MD5, SHA-1, crypt) are no protection. */
export function parseHtpasswd(text: string): ReadonlyMap<string, string> {
  const users = new Map<string, string>();
  for (const [index, line] of text.split("\n").entries()) {
    const entry = line.trim();
    if (entry === "" || entry.startsWith("#")) continue;
    const colon = entry.indexOf(":");
    const hash = entry.slice(colon + 1);
    if (colon <= 0 || !BCRYPT.test(hash)) {
      throw new EngineError("invalid", `htpasswd file, line ${index + 1}: not a user and a bcrypt hash (htpasswd -B)`);
    }
    users.set(entry.slice(0, colon), hash);
  }
  return users;
}
