import { appendFile, mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeFrames } from "#http/body/stdcopy.ts";
import { formatTimestamp } from "#spec/timestamps.ts";
import { compressFile } from "../compress.ts";
import type { LogQuery, LogRecord } from "../contract.ts";
import { FileLogReader } from "./file-reader.ts";

const reader = new FileLogReader();
const NEVER = new AbortController().signal;
const BOTH: LogQuery = { stdout: true, stderr: true };
const BASE = 1_700_000_000n * 1_000_000_000n;

/** A line at second `second` after BASE. */
function line(second: number, text: string, stream: "stdout" | "stderr" = "stdout", tag: "F" | "P" = "F"): string {
  const time = new Date(1_700_000_000_000 + second * 1000).toISOString().replace(/\.\d+Z$/, ".000000000+00:00");
  return `${time} ${stream} ${tag} ${text}\n`;
}

const lines = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, n) => line(from + n, `line ${from + n}`)).join("");

const textOf = (record: LogRecord): string => `${record.stream === "stderr" ? "!" : ""}${Buffer.from(record.data).toString("latin1")}`;

describe("the log reader", () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(`${tmpdir()}/dhow-logs-`);
    path = `${folder}/container.log.1`;
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function read(query: Partial<LogQuery> = {}, signal = NEVER): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    for await (const batch of reader.read(folder, { ...BOTH, ...query }, signal)) records.push(...batch);
    return records;
  }

  const texts = async (query: Partial<LogQuery> = {}): Promise<string[]> => (await read(query)).map(textOf);

  it("reads what there is, with stream and time", async () => {
    await writeFile(path, line(0, "out") + line(1, "err", "stderr"));
    expect(await read()).toEqual([
      { stream: "stdout", timeNano: BASE, data: Buffer.from("out\n"), partial: false },
      { stream: "stderr", timeNano: BASE + 1_000_000_000n, data: Buffer.from("err\n"), partial: false },
    ]);
  });

  it("takes a log that is not there for an empty one", async () => {
    expect(await texts()).toEqual([]);
    await rm(folder, { recursive: true });
    expect(await texts({ tail: 3 })).toEqual([]);
    expect(await texts({ follow: Promise.resolve() })).toEqual([]);
  });

  it("keeps every byte", async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n))
      .toString("latin1")
      .replace("\n", "");
    await writeFile(path, line(0, bytes), "latin1");
    expect(await texts()).toEqual([`${bytes}\n`]);
  });

  it("reads files larger than a block, lines across blocks included", async () => {
    await writeFile(path, lines(1, 10_000));
    const found = await texts();
    expect(found).toHaveLength(10_000);
    expect(found.at(0)).toBe("line 1\n");
    expect(found.at(-1)).toBe("line 10000\n");
  });

  describe("long lines", () => {
    it("are joined again, each stream's own, with the time of the beginning", async () => {
      await writeFile(
        path,
        line(0, "a", "stdout", "P") + line(1, "x", "stderr", "P") + line(2, "b", "stdout", "P") + line(3, "y", "stderr") + line(4, "c"),
      );
      const records = await read();
      expect(records.map(textOf)).toEqual(["!xy\n", "abc\n"]);
      expect(records.map(({ timeNano }) => timeNano - BASE)).toEqual([1_000_000_000n, 0n]);
    });

    it("are shown without their end when there is none", async () => {
      await writeFile(path, line(0, "$ ", "stdout", "P"));
      expect(await texts()).toEqual(["$ "]);
    });

    it("are handed out in pieces when they are too long", async () => {
      const part = "x".repeat(8192);
      await writeFile(path, Array.from({ length: 300 }, (_, n) => line(n, part, "stdout", "P")).join("") + line(300, "end"));
      const found = await texts();
      expect(found.length).toBeGreaterThan(1);
      expect(Math.max(...found.map((text) => text.length))).toBeLessThanOrEqual(1024 * 1024 + 8192);
      expect(found.join("")).toBe(`${part.repeat(300)}end\n`);
    });
  });

  it.each([
    ["torn, and the next on the same line", `${line(0, "torn").slice(0, 20)}${line(1, "next")}`, []],
    ["garbage", "\0\0\0\nno log at all\n\n", []],
    ["a bad time", "2024-13-01T00:00:00.000000000+00:00 stdout F x\n", []],
    ["an unknown stream", "2024-01-01T00:00:00.000000000+00:00 stdxxx F x\n", []],
    ["no end yet", line(0, "whole") + line(1, "not yet").slice(0, -3), ["whole\n"]],
    ["a line too long to be one", `${"x".repeat(3_000_000)}\n`, []],
  ])("skips what is %s, and reads the rest", async (_, text, expected) => {
    await writeFile(path, text);
    expect(await texts()).toEqual(expected);
    await appendFile(path, `\n${line(2, "good")}`);
    expect((await texts()).at(-1)).toBe("good\n");
  });

  it.each([
    ["since", { since: BASE + 3_000_000_000n }, ["3", "4", "5"]],
    ["until", { until: BASE + 2_000_000_000n }, ["1", "2"]],
    ["both", { since: BASE + 2_000_000_000n, until: BASE + 3_500_000_000n }, ["2", "3"]],
    ["stdout", { stderr: false }, ["1", "2", "3", "4", "5"]],
    ["stderr", { stdout: false }, []],
    ["since and tail", { tail: 4, since: BASE + 4_000_000_000n }, ["4", "5"]],
  ])("selects by %s", async (_, query, expected) => {
    await writeFile(path, [1, 2, 3, 4, 5].map((second) => line(second, String(second))).join(""));
    expect((await texts(query)).map((text) => text.trim())).toEqual(expected);
  });

  it("understands other time zones", async () => {
    await writeFile(
      path,
      "2023-11-14T23:13:20.000000001+01:00 stdout F a\n2023-11-14T20:13:20.000000002-02:00 stdout F b\n2023-11-14T22:13:20.000000003Z stdout F c\n",
    );
    expect((await read()).map(({ timeNano }) => timeNano - BASE)).toEqual([1n, 2n, 3n]);
  });

  describe("the tail", () => {
    it.each([0, 1, 2, 999, 5000, 19_999, 20_000, 30_000])("of %i lines", async (tail) => {
      await writeFile(path, lines(1, 20_000));
      const found = await texts({ tail });
      expect(found).toHaveLength(Math.min(tail, 20_000));
      if (tail > 0) expect([found[0], found.at(-1)]).toEqual([`line ${Math.max(1, 20_001 - tail)}\n`, "line 20000\n"]);
    });

    it("counts joined lines, and the one without an end", async () => {
      await writeFile(path, line(0, "one") + line(1, "tw", "stdout", "P") + line(2, "o") + line(3, "thr", "stdout", "P"));
      expect(await texts({ tail: 1 })).toEqual(["thr"]);
      expect(await texts({ tail: 2 })).toEqual(["two\n", "thr"]);
      expect(await texts({ tail: 3 })).toEqual(["one\n", "two\n", "thr"]);
    });

    it("keeps the beginning of a long line that the other stream has lines in", async () => {
      const text = line(0, "0") + line(1, "lo", "stderr", "P") + line(2, "1") + line(3, "2") + line(4, "ng", "stderr") + line(5, "3");
      await writeFile(path, text);
      expect(await texts({ tail: 1 })).toEqual(["3\n"]);
      expect(await texts({ tail: 2 })).toEqual(["!long\n", "3\n"]);
      expect(await texts({ tail: 3 })).toEqual(["2\n", "!long\n", "3\n"]);
      await writeFile(path, line(0, "e", "stderr") + text);
      expect(await texts({ tail: 2 })).toEqual(["!long\n", "3\n"]);
      expect(await texts({ tail: 5 })).toEqual(["0\n", "1\n", "2\n", "!long\n", "3\n"]);
    });

    it("counts only the streams that are wanted", async () => {
      await writeFile(path, line(0, "a") + line(1, "e", "stderr") + line(2, "b") + line(3, "f", "stderr") + line(4, "g", "stderr"));
      expect(await texts({ tail: 1, stderr: false })).toEqual(["b\n"]);
      expect(await texts({ tail: 2, stdout: false })).toEqual(["!f\n", "!g\n"]);
    });

    it("reaches into older files, compressed ones too, and is not led astray by others", async () => {
      await writeFile(`${path}.gz`, gzipSync(lines(1, 10)));
      await writeFile(`${folder}/container.log.2`, lines(11, 20));
      await writeFile(`${folder}/container.log.10`, lines(21, 22));
      for (const other of ["container.log", "container.log.2.gz", "container.log.3.new", "feed"]) {
        await writeFile(`${folder}/${other}`, line(0, "not mine"));
      }
      expect(await texts({ tail: 3 })).toEqual(["line 20\n", "line 21\n", "line 22\n"]);
      expect(await texts({ tail: 13 })).toHaveLength(13);
      expect(await texts()).toHaveLength(22);
      expect((await readdir(folder)).filter((name) => name.endsWith(".new"))).toEqual(["container.log.3.new"]);
    });

    it("of a compressed file that is damaged is what can be read", async () => {
      await writeFile(`${path}.gz`, gzipSync(lines(1, 20_000)).subarray(0, 20_000));
      await writeFile(`${folder}/container.log.2`, lines(20_001, 20_002));
      const found = await texts();
      expect(found.length).toBeGreaterThan(100);
      expect(found.slice(-2)).toEqual(["line 20001\n", "line 20002\n"]);
    });
  });

  /** What is sent has to be what the records say, whether they were made or not. */
  describe("what is sent", () => {
    const P = "P" as const;
    const long = "x".repeat(8000);
    it.each<[string, () => string]>([
      ["short lines", () => lines(1, 10_000)],
      ["both streams", () => Array.from({ length: 9000 }, (_, n) => line(n, `${n}`, n % 3 === 0 ? "stderr" : "stdout")).join("")],
      ["empty lines", () => line(0, "") + line(1, "") + line(2, "", "stderr")],
      [
        "long lines",
        () => Array.from({ length: 200 }, (_, n) => line(n, long, "stdout", P) + line(n, long, "stdout", P) + line(n, "end")).join(""),
      ],
      [
        "a line of megabytes",
        () => `${Array.from({ length: 500 }, (_, n) => line(n, long, "stderr", P)).join("")}${line(500, "end", "stderr")}`,
      ],
      [
        "long lines of both streams, mixed",
        () =>
          `${lines(1, 20)}${line(0, "a", "stdout", P)}${line(1, "b", "stderr", P)}${line(2, "A")}${line(3, "B", "stderr")}${lines(4, 9000)}`,
      ],
      ["lines of other zones", () => lines(1, 3) + lines(4, 5).replaceAll("+00:00", "+01:00") + lines(6, 9)],
      ["what is no line", () => `${lines(1, 3)}\0\0garbage\n\n${line(4, "torn").slice(0, 30)}${lines(5, 9)}`],
      ["a garbage line of megabytes", () => `${lines(1, 3)}${"y".repeat(5_000_000)}\n${lines(5, 9000)}`],
      ["a line without an end", () => lines(1, 3) + line(4, "$ ", "stdout", P)],
      ["a line that is not complete on the disk", () => lines(1, 3).slice(0, -3)],
      ["every byte", () => line(0, Buffer.from(Array.from({ length: 255 }, (_, n) => (n < 10 ? n : n + 1))).toString("latin1"))],
    ])("of %s", async (_, text) => {
      await writeFile(path, text(), "latin1");
      await writeFile(`${folder}/container.log.2`, line(9999, "in the next file"));
      for (const query of [BOTH, { ...BOTH, stderr: false }, { ...BOTH, stdout: false }, { ...BOTH, tail: 7 }]) {
        for (const timestamps of [false, true]) {
          for (const details of ["", "a=b "]) expect(await differences(query, timestamps, details)).toEqual([]);
        }
      }
    });

    async function differences(query: LogQuery, timestamps: boolean, details: string): Promise<string[]> {
      const found: string[] = [];
      const records = (await read(query)).map(({ stream, timeNano, data }) => {
        const prefix = (timestamps ? `${formatTimestamp(timeNano)} ` : "") + details;
        return { stream, data: Buffer.concat([Buffer.from(prefix), data]) };
      });
      for (const framed of [true, false]) {
        const sent = Buffer.concat(await Array.fromAsync(reader.stream(folder, query, { framed, timestamps, details }, NEVER)));
        const expected = framed ? encodeFrames(records) : Buffer.concat(records.map(({ data }) => data));
        if (!sent.equals(expected)) found.push(`${sent.length} bytes ${framed ? "with" : "without"} frames, not ${expected.length}`);
      }
      return found;
    }
  });

  describe("following", () => {
    /** Reads until stopped; `seen` grows. */
    function follow(query: Partial<LogQuery> = {}): { seen: string[]; end: () => void; done: Promise<void>; abort: () => void } {
      const { promise, resolve } = Promise.withResolvers<void>();
      const controller = new AbortController();
      const seen: string[] = [];
      const done = (async () => {
        for await (const batch of reader.read(folder, { ...BOTH, follow: promise, ...query }, controller.signal))
          seen.push(...batch.map(textOf));
      })();
      return { seen, end: resolve, done, abort: () => controller.abort() };
    }

    it("shows what is written later, to the last line before the end", async () => {
      await writeFile(path, line(0, "old"));
      const { seen, end, done } = follow({ tail: 1 });
      for (let n = 1; n <= 5; n++) {
        await expect.poll(() => seen.length).toBe(n);
        await appendFile(path, line(n, `new ${n}`));
      }
      await expect.poll(() => seen.length).toBe(6);
      await appendFile(path, line(6, "last") + line(7, "half", "stdout", "P"));
      end();
      await done;
      expect(seen).toEqual(["old\n", "new 1\n", "new 2\n", "new 3\n", "new 4\n", "new 5\n", "last\n", "half"]);
    });

    it("waits for a log that is not there yet", async () => {
      const { seen, end, done } = follow();
      await new Promise((resolve) => setTimeout(resolve, 20));
      await writeFile(path, line(0, "first"));
      await expect.poll(() => seen).toEqual(["first\n"]);
      end();
      await done;
    });

    it("goes on in new files, also when older ones are compressed or removed, and loses and repeats nothing", async () => {
      const { seen, end, done } = follow();
      let written = 0;
      for (let file = 1; file <= 6; file++) {
        const name = `${folder}/container.log.${file}`;
        for (let n = 0; n < 50; n++) await appendFile(name, line(written, `line ${written++}`));
        await expect.poll(() => seen.length).toBe(written);
        if (file % 2 === 0) await compressFile(folder, { name: `container.log.${file - 1}` }, NEVER);
        if (file > 2) await rm(`${folder}/container.log.${file - 2}${file % 2 === 0 ? "" : ".gz"}`);
      }
      end();
      await done;
      expect(seen).toEqual(Array.from({ length: written }, (_, n) => `line ${n}\n`));
    });

    it("joins a line that goes on in the next file", async () => {
      const { seen, end, done } = follow();
      await writeFile(path, line(0, "begin", "stdout", "P"));
      await writeFile(`${folder}/container.log.2`, line(1, "ning") + line(2, "next"));
      await expect.poll(() => seen).toEqual(["beginning\n", "next\n"]);
      end();
      await done;
    });

    it("starts again in a file that was emptied", async () => {
      await writeFile(path, line(0, "a long first line"));
      const { seen, end, done } = follow();
      await expect.poll(() => seen.length).toBe(1);
      await truncate(path);
      await appendFile(path, line(1, "b"));
      await expect.poll(() => seen).toEqual(["a long first line\n", "b\n"]);
      end();
      await done;
    });

    it("ends when the reader goes away", async () => {
      await writeFile(path, line(0, "a"));
      const { seen, done, abort } = follow();
      await expect.poll(() => seen.length).toBe(1);
      abort();
      await done;
    });

    it("ends at `until`", async () => {
      await writeFile(path, line(0, "a"));
      const { seen, done } = follow({ until: BASE + 1_000_000_000n });
      await expect.poll(() => seen.length).toBe(1);
      await appendFile(path, line(2, "too late"));
      await done;
      expect(seen).toEqual(["a\n"]);
    });
  });
});
