import { mkdtempSync, readdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import type { BodyCoding, LentBody } from "#lib/byte-source.ts";
import { WorkerPool } from "#lib/worker/pool.ts";
import { closeFd } from "#sys/processes/pipe.ts";
import { acceptUnix, connectUnix, listenUnix } from "#sys/sockets/unix-socket.ts";
import { runSourceJob } from "./fed-job.ts";

/** A thread that says what it gets; broken off where it comes to an exclamation mark. */
const script = `
  import { parentPort } from "node:worker_threads";
  const { readInput } = await import(${JSON.stringify(new URL("./job-input.ts", import.meta.url).href)});
  const { describeError } = await import(${JSON.stringify(new URL("./job-errors.ts", import.meta.url).href)});
  parentPort.on("message", async ({ id, job, cancel }) => {
    const flag = new Int32Array(cancel);
    let text = "";
    try {
      for await (const chunk of readInput(job.input, () => Atomics.load(flag, 0) !== 0)) {
        text += Buffer.from(chunk).toString("latin1");
        if (text.endsWith("!")) throw new Error("enough");
      }
      parentPort.postMessage({ kind: "done", id, result: text });
    } catch (error) {
      parentPort.postMessage({ kind: "failed", id, failure: describeError(error) });
    }
  });
`;
const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
const pool = new WorkerPool({ name: "wired", url, threads: 1, jobsPerThread: 1, idleMs: 60_000, heapMegabytes: 64 });
const folder = mkdtempSync(join(tmpdir(), "dhow-wire-"));
const never = new AbortController().signal;

afterAll(async () => {
  await pool.close();
  rmSync(folder, { recursive: true });
});

/** Two ends of a connection, and what came back of a body that was lent from one of them. */
class Wire implements Disposable {
  readonly client: number;
  readonly server: number;
  readonly back: (string | undefined)[] = [];
  #clientOpen = true;

  constructor() {
    const path = join(folder, "socket");
    const listener = listenUnix(path, "stream");
    this.client = connectUnix(path, "stream");
    this.server = acceptUnix(listener);
    closeFd(listener);
    rmSync(path);
  }

  read(coding: BodyCoding, start = "", signal = never): Promise<unknown> {
    const giveBack: LentBody["giveBack"] = (rest) => void this.back.push(rest && Buffer.from(rest).toString("latin1"));
    const lent: LentBody = { fd: this.server, start: Buffer.from(start, "latin1"), coding, giveBack };
    const source = { lend: () => lent, [Symbol.asyncIterator]: () => expect.fail("the stream is not to be read") };
    return runSourceJob(pool, { source, job: (input) => ({ input }), signal });
  }

  send(text: string): void {
    writeSync(this.client, text, null, "latin1");
  }

  hangUp(): void {
    if (this.#clientOpen) closeFd(this.client);
    this.#clientOpen = false;
  }

  [Symbol.dispose](): void {
    this.hangUp();
    closeFd(this.server);
  }
}

describe("a thread that reads a socket", () => {
  it("takes what was read before, what comes, and nothing behind the end", async () => {
    using wire = new Wire();
    wire.send("two");
    const work = wire.read({ kind: "length", bytes: 11 }, "one");
    await sleep(20);
    wire.send("three");
    expect(await work).toBe("onetwothree");
    expect(wire.back).toEqual([""]);
  });

  it("gives back what it has read behind the end", async () => {
    using wire = new Wire();
    wire.send("\r\nbar\r\n0\r\n\r\nGET /");
    expect(await wire.read({ kind: "chunked" }, "3\r\nfoo\r\n3")).toBe("foobar");
    expect(await wire.read({ kind: "length", bytes: 3 }, "whole")).toBe("who");
    expect(wire.back).toEqual(["GET /", "le"]);
  });

  it("says that a client is gone, and that chunks are none", async () => {
    using wire = new Wire();
    await expect(wire.read({ kind: "chunked" }, "3 \r\n")).rejects.toMatchObject({ category: "invalid" });
    const work = wire.read({ kind: "length", bytes: 10 }, "foo");
    await sleep(20);
    wire.hangUp();
    await expect(work).rejects.toMatchObject({ category: "cancelled", message: "the request's body ended early" });
    expect(wire.back).toEqual([undefined, undefined]);
  });

  it("ends when the job fails or is cancelled, and is free for the next", async () => {
    using wire = new Wire();
    await expect(wire.read({ kind: "length", bytes: 10 }, "foo!")).rejects.toMatchObject({ message: "enough" });
    const abort = new AbortController();
    const work = wire.read({ kind: "length", bytes: 10 }, "foo", abort.signal);
    await sleep(20);
    abort.abort();
    await expect(work).rejects.toMatchObject({ category: "cancelled" });
    expect(wire.back).toEqual([undefined, undefined]);
    expect(await wire.read({ kind: "length", bytes: 3 }, "foo")).toBe("foo");
  });

  it("leaves no descriptor", async () => {
    using wire = new Wire();
    await wire.read({ kind: "length", bytes: 1 }, "x");
    const before = readdirSync("/proc/self/fd").length;
    for (let round = 0; round < 20; round++) await wire.read({ kind: "length", bytes: 1 }, "x");
    expect(readdirSync("/proc/self/fd").length).toBeLessThan(before + 10);
  });
});
