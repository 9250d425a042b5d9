import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "#lib/logger.ts";
import type { LogQuery } from "../contract.ts";
import { checkLogConfig, logLayout } from "../config/drivers.ts";
import { FileLogReader } from "../read/file-reader.ts";
import { largestLog, type LogLayout } from "../layout.ts";
import { findFiles } from "../log-folder.ts";
import { FileLogKeeper } from "./log-keeper.ts";
import { readOverruns } from "./overruns.ts";
import { TestMonitor } from "../testing/monitor.ts";

const reader = new FileLogReader();
const BOTH: LogQuery = { stdout: true, stderr: true };
const NEVER = new AbortController().signal;

/** In a test's thread there are no signals: it asks instead. */
function askOften(listener: () => void): () => void {
  const timer = setInterval(listener, 1);
  return () => clearInterval(timer);
}

const layouts: [string, LogLayout][] = [
  ["json-file", layoutOf("json-file", { "max-size": "16k", "max-file": "3" })],
  ["json-file with one file", layoutOf("json-file", { "max-size": "40k", "max-file": "1" })],
  ["json-file, compressed", layoutOf("json-file", { "max-size": "16k", "max-file": "3", compress: "true" })],
  ["local", layoutOf("local", { "max-size": "16k" })],
  ["json-file, non-blocking", layoutOf("json-file", { "max-size": "16k", "max-file": "3", mode: "non-blocking" })],
];

function layoutOf(driver: string, options: Record<string, string>): LogLayout {
  checkLogConfig({ driver, options });
  const layout = logLayout({ driver, options });
  if (layout === undefined) throw new Error(`${driver} keeps nothing`);
  return layout;
}

/** About 380 lines of the test monitor. */
const FILE_LINES = 330;

describe.each(layouts)("a log of %s", (_, layout) => {
  let folder: string;
  let keeper: FileLogKeeper;

  beforeEach(async () => {
    folder = `${await mkdtemp(`${tmpdir()}/dhow-keeper-`)}/logs`;
    keeper = newKeeper();
  });

  afterEach(async () => {
    await keeper.close();
    await rm(folder.replace(/\/logs$/, ""), { recursive: true, force: true });
  });

  const newKeeper = (): FileLogKeeper => new FileLogKeeper({ logger: silentLogger, onLeaseSignal: askOften });

  async function start(from = 0): Promise<TestMonitor> {
    const monitor = await TestMonitor.start(await keeper.prepare(folder, layout), from);
    keeper.watch(folder, layout);
    await keeper.idle(folder);
    return monitor;
  }

  async function numbers(query: Partial<LogQuery> = {}): Promise<number[]> {
    const found: number[] = [];
    for await (const records of reader.read(folder, { ...BOTH, ...query }, NEVER)) {
      found.push(...records.map(({ data }) => Number(Buffer.from(data).toString())));
    }
    return found;
  }

  /** Of everything in the folder, once a file however many names it has. */
  async function bytesOnDisk(): Promise<number> {
    const sizes = new Map<bigint, number>();
    for (const name of await readdir(folder)) {
      const found = await stat(`${folder}/${name}`, { bigint: true }).catch(() => undefined);
      if (found !== undefined) sizes.set(found.ino, Number(found.size));
    }
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  const countTo = (from: number, to: number): number[] => Array.from({ length: to - from }, (_value, n) => from + n);

  const settle = async (): Promise<void> => await keeper.idle(folder);

  /** A rotation that nobody waits for gets its turn. */
  const turn = layout.blocking ? undefined : settle;

  it("has the newest lines, without a gap, in files that are no larger than they may be", async () => {
    await using monitor = await start();
    for (let file = 0; file < 12; file++) {
      await monitor.write(FILE_LINES, turn);
      await settle();
      expect(await bytesOnDisk()).toBeLessThanOrEqual(largestLog(layout));
    }
    const found = await numbers();
    expect(found).toEqual(countTo(monitor.written - found.length, monitor.written));
    // Of what may be kept at least all but one file is.
    expect(found.length).toBeGreaterThan(FILE_LINES * (layout.files - 2));
    expect(await numbers({ tail: 500 })).toEqual(found.slice(-500));
    const files = await findFiles(folder);
    expect(files.length).toBeLessThanOrEqual(layout.files);
    expect(files.slice(0, -1).every(({ compressed }) => compressed)).toBe(layout.compress && files.length > 1);
    const [current, newest] = [await stat(`${folder}/container.log`), files.at(-1)];
    expect(BigInt(current.ino)).toBe(newest?.inode);
    expect(await readOverruns(folder)).toBe(0);
  });

  it("is followed over rotations without a gap or a repetition", async () => {
    await using monitor = await start();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const seen: number[] = [];
    const done = (async () => {
      for await (const records of reader.read(folder, { ...BOTH, follow: ended }, NEVER)) {
        seen.push(...records.map(({ data }) => Number(Buffer.from(data).toString())));
      }
    })();
    for (let file = 0; file < 8; file++) {
      await monitor.write(FILE_LINES, turn);
      await settle();
      await expect.poll(() => seen.length).toBe(monitor.written);
    }
    end();
    await done;
    expect(seen).toEqual(countTo(0, monitor.written));
  });

  it("goes on in the next run, and stays within its bounds over many of them", async () => {
    let written = 0;
    for (let run = 0; run < 20; run++) {
      const monitor = await start(written);
      await monitor.write(150);
      await settle();
      written = monitor.written;
      await monitor[Symbol.asyncDispose]();
      await keeper.release(folder);
      expect(await bytesOnDisk()).toBeLessThanOrEqual(largestLog(layout));
    }
    const found = await numbers();
    expect(found).toEqual(countTo(written - found.length, written));
    expect(found.length).toBeGreaterThan(150);
  });

  it("is taken over by the next daemon, whatever its monitor did meanwhile", async () => {
    await using monitor = await start();
    for (const lines of [10, FILE_LINES - 50, 200]) {
      await monitor.write(lines, turn);
      // What the end of a daemon leaves: nobody holds the next file any more, and nobody hears of it.
      await keeper.close();
      await monitor.write(lines);
      keeper = newKeeper();
      keeper.watch(folder, layout);
      await settle();
      const found = await numbers();
      expect(found).toEqual(countTo(monitor.written - found.length, monitor.written));
    }
    await monitor.write(2 * FILE_LINES, turn);
    await settle();
    const found = await numbers();
    expect(found).toEqual(countTo(monitor.written - found.length, monitor.written));
  });

  it("is not upset by a user who empties the file, or by what lies around", async () => {
    await using monitor = await start();
    await monitor.write(50);
    await truncate(`${folder}/container.log`);
    await writeFile(`${folder}/container.log.x`, "");
    await writeFile(`${folder}/feed.new`, "left");
    await monitor.write(2 * FILE_LINES);
    await settle();
    expect((await numbers()).at(-1)).toBe(monitor.written - 1);
  });
});

describe("a rotation that is late", () => {
  let folder: string;

  beforeEach(async () => {
    folder = `${await mkdtemp(`${tmpdir()}/dhow-keeper-`)}/logs`;
  });

  afterEach(async () => {
    await rm(folder.replace(/\/logs$/, ""), { recursive: true, force: true });
  });

  it("holds up a container whose log is blocking, and loses nothing", async () => {
    let late = true;
    const onLeaseSignal = (listener: () => void): (() => void) => askOften(() => !late && listener());
    await using keeper = closing(new FileLogKeeper({ logger: silentLogger, onLeaseSignal }));
    const layout = layoutOf("json-file", { "max-size": "16k", "max-file": "9" });
    await using monitor = await TestMonitor.start(await keeper.prepare(folder, layout));
    keeper.watch(folder, layout);
    await keeper.idle(folder);
    const writing = monitor.write(3 * FILE_LINES);
    await expect.poll(() => monitor.written).toBeGreaterThan(FILE_LINES - 50);
    const stopped = monitor.written;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(monitor.written).toBeLessThan(stopped + FILE_LINES);
    expect(monitor.written).toBeLessThan(2 * FILE_LINES);
    late = false;
    await writing;
    await keeper.idle(folder);
    const found: string[] = [];
    for await (const records of reader.read(folder, BOTH, NEVER)) found.push(...records.map(({ data }) => Buffer.from(data).toString()));
    expect(found).toEqual(Array.from({ length: monitor.written }, (_, n) => `${n}\n`));
  });

  it("does not hold up one whose log is not, and counts what is lost", async () => {
    await using keeper = closing(new FileLogKeeper({ logger: silentLogger, onLeaseSignal: askOften }));
    const layout = layoutOf("json-file", { "max-size": "16k", "max-file": "3", mode: "non-blocking" });
    await using _ = await TestMonitor.start(await keeper.prepare(folder, layout));
    keeper.watch(folder, layout);
    await keeper.idle(folder);
    // In one go, so that the keeper's loop has no turn; three files fit in none.
    const script = `f="$1"; for round in 1 2 3 4; do exec 3>"$f.tmp"; mv "$f.tmp" "$f" 2>/dev/null; head -c 16000 /dev/zero | tr '\\0' x >&3; exec 3>&-; done`;
    spawnSync("sh", ["-c", script, "sh", `${folder}/feed`]);
    await expect.poll(() => readOverruns(folder)).toBeGreaterThanOrEqual(2 * 16_000);
  });
});

describe("a keeper that is killed at any moment", () => {
  const layout = layoutOf("json-file", { "max-size": "16k", "max-file": "500", compress: "true" });
  const program = new URL("testdata/doomed-keeper.ts", import.meta.url).pathname;

  it("has lost and repeated nothing when the next one has come", { timeout: 60_000 }, async () => {
    const folder = `${await mkdtemp(`${tmpdir()}/dhow-keeper-`)}/logs`;
    const first = new FileLogKeeper({ logger: silentLogger, onLeaseSignal: askOften });
    await using monitor = await TestMonitor.start(await first.prepare(folder, layout));
    await first.close();
    let over = false;
    // A file takes longer to fill than a keeper takes to come.
    const writing = monitor.writeUntil(() => over, 2);
    for (let round = 0; round < 20; round++) {
      const keeper = spawn(process.execPath, [program, folder, JSON.stringify(layout)], { stdio: ["ignore", "pipe", "inherit"] });
      const gone = once(keeper, "exit");
      await once(keeper.stdout, "data");
      // At a moment in the middle of a rotation, as like as not.
      const files = (await findFiles(folder)).length;
      if (round % 2 === 0)
        await expect.poll(async () => (await findFiles(folder)).length, { interval: 1, timeout: 10_000 }).toBeGreaterThan(files);
      else await new Promise((resolve) => setTimeout(resolve, round * 3));
      keeper.kill("SIGKILL");
      await gone;
    }
    over = true;
    await writing;
    const last = new FileLogKeeper({ logger: silentLogger, onLeaseSignal: askOften });
    last.watch(folder, layout);
    await last.idle(folder);
    await last.close();
    const found: number[] = [];
    for await (const records of reader.read(folder, BOTH, NEVER))
      found.push(...records.map(({ data }) => Number(Buffer.from(data).toString())));
    expect(found).toEqual(Array.from({ length: monitor.written }, (_, n) => n));
    expect((await findFiles(folder)).length).toBeGreaterThan(10);
    await rm(folder.replace(/\/logs$/, ""), { recursive: true });
  });
});

function closing(keeper: FileLogKeeper): FileLogKeeper & AsyncDisposable {
  return Object.assign(keeper, { [Symbol.asyncDispose]: () => keeper.close() });
}
