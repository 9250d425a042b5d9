import { readFile, stat } from "node:fs/promises";
import { monotonicMs } from "#lib/monotonic.ts";
import { parseResolvConf } from "../name-files/resolv-conf.ts";

/** Milliseconds between two looks at the file: as soon as the host's servers change, containers ask the new ones. */
const LOOK_AGAIN_AFTER = 1000;
/** Docker's own last resort, where the host names none. */
const PUBLIC_SERVERS = ["8.8.8.8", "8.8.4.4"];

/** The name servers of the host as they are now: loopback and IPv6 among them, since the host's own sockets reach both. */
export class HostServers {
  readonly #path: string;
  #servers: readonly string[] = PUBLIC_SERVERS;
  #seen = "";
  #lookedAt = -Infinity;

  constructor(path: string) {
    this.#path = path;
  }

  /** What was found last; a look at the file follows, when the last was a while ago. */
  current(): readonly string[] {
    if (monotonicMs() - this.#lookedAt > LOOK_AGAIN_AFTER) void this.refresh();
    return this.#servers;
  }

  /** Never rejects. */
  async refresh(): Promise<void> {
    this.#lookedAt = monotonicMs();
    try {
      const { mtimeMs, ino, size } = await stat(this.#path);
      const seen = `${mtimeMs} ${ino} ${size}`;
      if (seen === this.#seen) return;
      const { servers } = parseResolvConf(await readFile(this.#path, "utf8"));
      this.#servers = servers.length > 0 ? servers : PUBLIC_SERVERS;
      this.#seen = seen;
    } catch {
      // Being replaced just now, or missing: what was known stays.
    }
  }
}
