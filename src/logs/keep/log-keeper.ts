import { link, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path/posix";
import type { Logger } from "#lib/logger.ts";
import { FileWrites } from "#sys/files/inotify.ts";
import type { LogKeeper, MonitorLog } from "../contract.ts";
import { KeptLog } from "./kept-log.ts";
import type { LogLayout } from "../layout.ts";
import { CURRENT, FEED, FEED_TEMPORARY, findFiles, nameAlso, nameOf, NEXT, takeInRest } from "../log-folder.ts";
import { addOverrun } from "./overruns.ts";
import { isContinued, surplus } from "./retention.ts";

export interface LogKeeperDeps {
  readonly logger: Logger;
  /** Calls back when the kernel says that somebody waits for a lease, of whichever file. Returns a function that ends it. */
  readonly onLeaseSignal: (listener: () => void) => () => void;
}

/** Keeps the files of the logs that monitors write: docs/adr/0017 says why it is done this way. */
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
    const isNew = (await mkdir(folder, { recursive: true, mode: 0o710 })) !== undefined;
    if (isNew) await beginLog(folder);
    else {
      await this.release(folder);
      await continueLog(folder, layout);
    }
    // The next file is made while the monitor loads: nothing is written before it has started a container.
    this.#keep(folder, layout, false);
    return { path: join(folder, FEED), fileBytes: layout.fileBytes };
  }

  watch(folder: string, layout: LogLayout): void {
    (this.#kept.get(folder) ?? this.#keep(folder, layout, true)).opened();
  }

  async release(folder: string): Promise<void> {
    await this.#end(folder, "monitor");
  }

  async #end(folder: string, who: "monitor" | "daemon"): Promise<void> {
    const log = this.#kept.get(folder);
    this.#kept.delete(folder);
    // Of a run that nobody watched, too: it ended while there was no daemon.
    const end = log === undefined ? takeInRest(folder) : log.end(who);
    const ended = (this.#ending.get(folder) ?? Promise.resolve())
      .then(() => end)
      .catch((error: unknown) => this.#logger.warn({ folder, error }, "a log could not be completed"))
      .finally(() => {
        if (this.#ending.get(folder) === ended) this.#ending.delete(folder);
      });
    this.#ending.set(folder, ended);
    await ended;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#kept.keys(), ...this.#ending.keys()].map((folder) => this.#end(folder, "daemon")));
    await this.#counting;
    this.#stopListening();
    this.#writes[Symbol.dispose]();
  }

  /** Resolves when nothing is under way in a folder. */
  async idle(folder: string): Promise<void> {
    await this.#kept.get(folder)?.idle();
    await this.#ending.get(folder);
  }

  #keep(folder: string, layout: LogLayout, isOpened: boolean): KeptLog {
    const deps = { writes: this.#writes, logger: this.#logger, onOverrun: (of: string) => this.#noteOverrun(of, layout) };
    const log = new KeptLog(deps, folder, layout, isOpened);
    this.#kept.set(folder, log);
    return log;
  }

  #noteOverrun(folder: string, layout: LogLayout): void {
    this.#logger.warn({ folder, bytes: layout.fileBytes }, "a container wrote faster than its log was rotated, and lost a file of it");
    this.#counting = this.#counting
      .then(() => addOverrun(folder, layout.fileBytes))
      .catch((error: unknown) => this.#logger.error({ folder, error }, "lost output was not counted"));
  }
}

/** On the way of a container's first start, so with no more calls than it takes. */
async function beginLog(folder: string): Promise<void> {
  const first = join(folder, nameOf(1));
  await writeFile(first, "", { flag: "wx", mode: 0o600 });
  await Promise.all([FEED, CURRENT].map((name) => link(first, join(folder, name))));
}

/** Makes a log ready for one more run, from whatever the last one left. */
async function continueLog(folder: string, layout: LogLayout): Promise<void> {
  const names = await readdir(folder);
  const remains = names.filter((name) => [NEXT, FEED, FEED_TEMPORARY].includes(name) || name.endsWith(".new"));
  for (const name of remains) await rm(join(folder, name), { force: true });
  const files = await findFiles(folder);
  const newest = files.at(-1);
  const continued = newest !== undefined && isContinued(newest, layout);
  for (const old of surplus(files, layout, continued ? layout.files : layout.files - 1)) await rm(join(folder, old.name), { force: true });
  const current = continued ? newest.name : nameOf((newest?.number ?? 0) + 1);
  if (!continued) await writeFile(join(folder, current), "", { flag: "wx", mode: 0o600 });
  await link(join(folder, current), join(folder, FEED));
  if (!continued) await nameAlso(folder, current, CURRENT);
}
