import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path/posix";
import type { Logger } from "#lib/logger.ts";
import { FileWrites } from "#sys/inotify.ts";
import type { LogKeeper, MonitorLog } from "./contract.ts";
import { KeptLog } from "./kept-log.ts";
import type { LogLayout } from "./layout.ts";
import { CURRENT, FEED, findFiles, type FoundFile, identify, nameAlso, nameOf } from "./log-folder.ts";
import { addOverrun } from "./overruns.ts";
import { isContinued, surplus } from "./retention.ts";

export interface LogKeeperDeps {
  readonly logger: Logger;
  /** Calls back when the kernel says that somebody waits for a lease, of whichever file. Returns a function that ends it. */
  readonly onLeaseSignal: (listener: () => void) => () => void;
}

/** Keeps the files of the logs that monitors write: docs/adr/0012 says why it is done this way. */
export class FileLogKeeper implements LogKeeper {
  readonly #logger: Logger;
  readonly #writes = new FileWrites();
  readonly #kept = new Map<string, KeptLog>();
  readonly #ending = new Map<string, Promise<void>>();
  readonly #stopListening: () => void;
  #counting: Promise<void> = Promise.resolve();

  constructor({ logger, onLeaseSignal }: LogKeeperDeps) {
    this.#logger = logger;
    // Signals of one kind do not queue: each may stand for several logs.
    this.#stopListening = onLeaseSignal(() => {
      for (const log of this.#kept.values()) log.check();
    });
  }

  async prepare(folder: string, layout: LogLayout): Promise<MonitorLog> {
    await this.#ending.get(folder);
    const monitorLog = { path: join(folder, FEED), fileBytes: layout.fileBytes };
    const isNew = (await mkdir(folder, { recursive: true, mode: 0o710 })) !== undefined;
    if (!isNew) await continueLog(folder, layout);
    return monitorLog;
  }

  watch(folder: string, layout: LogLayout): void {
    if (this.#kept.has(folder)) return;
    const deps = { writes: this.#writes, logger: this.#logger, onOverrun: (of: string) => this.#noteOverrun(of, layout) };
    this.#kept.set(folder, new KeptLog(deps, folder, layout));
  }

  async release(folder: string): Promise<void> {
    const log = this.#kept.get(folder);
    if (log !== undefined) {
      this.#kept.delete(folder);
      this.#ending.set(
        folder,
        log.end().finally(() => this.#ending.delete(folder)),
      );
    }
    await this.#ending.get(folder);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#kept.keys(), ...this.#ending.keys()].map((folder) => this.release(folder)));
    await this.#counting;
    this.#stopListening();
    this.#writes[Symbol.dispose]();
  }

  /** Resolves when nothing is under way in a folder. */
  async idle(folder: string): Promise<void> {
    await this.#kept.get(folder)?.idle();
    await this.#ending.get(folder);
  }

  #noteOverrun(folder: string, layout: LogLayout): void {
    this.#logger.warn({ folder, bytes: layout.fileBytes }, "a container wrote faster than its log was rotated, and lost a file of it");
    this.#counting = this.#counting
      .then(() => addOverrun(folder, layout.fileBytes))
      .catch((error: unknown) => this.#logger.error({ folder, error }, "lost output was not counted"));
  }
}

/** Makes a log ready for one more run, from whatever the last one left. */
async function continueLog(folder: string, layout: LogLayout): Promise<void> {
  await takeInFeed(folder);
  const names = await readdir(folder);
  const remains = names.filter((name) => name === FEED || name === `${FEED}.tmp` || name.endsWith(".new"));
  for (const name of remains) await rm(join(folder, name), { force: true });
  const files = await findFiles(folder);
  const newest = files.at(-1);
  const continued = newest !== undefined && isContinued(newest, layout);
  if (continued) await nameAlso(folder, newest.name, FEED);
  const places = continued ? layout.files : layout.files - 1;
  for (const old of surplus(files, layout, places)) await rm(join(folder, old.name), { force: true });
}

/** What the monitor wrote after a daemon had ended. */
async function takeInFeed(folder: string): Promise<void> {
  const feed = await identify(join(folder, FEED));
  const files: FoundFile[] = await findFiles(folder);
  if (feed === undefined || feed.bytes === 0 || files.some(({ inode }) => inode === feed.inode)) return;
  const name = nameOf((files.at(-1)?.number ?? 0) + 1);
  await nameAlso(folder, FEED, name);
  await nameAlso(folder, name, CURRENT);
}
