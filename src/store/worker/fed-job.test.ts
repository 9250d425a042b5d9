import { setTimeout as sleep } from "node:timers/promises";
import type { MessagePort } from "node:worker_threads";
import { afterAll, describe, expect, it } from "vitest";
import { isEngineError } from "#errors/engine-error.ts";
import { WorkerPool } from "#lib/worker/pool.ts";
import { runFedJob } from "./fed-job.ts";

/** A thread that counts what it gets, as slowly and as far as it is told. */
const script = `
  import { parentPort } from "node:worker_threads";
  import { setTimeout as sleep } from "node:timers/promises";
  const { receiveChunks } = await import(${JSON.stringify(new URL("./chunk-receiver.ts", import.meta.url).href)});
  const { describeError } = await import(${JSON.stringify(new URL("./job-errors.ts", import.meta.url).href)});
  parentPort.on("message", async ({ id, job }) => {
    let bytes = 0, sum = 0;
    try {
      for await (const chunk of receiveChunks(job.port)) {
        bytes += chunk.length;
        for (const byte of chunk) sum += byte;
        if (job.slowMs) await sleep(job.slowMs);
        if (bytes > job.most) throw Object.assign(new Error("enough"), { code: "ENOSPC" });
      }
      parentPort.postMessage({ kind: "done", id, result: { bytes, sum } });
    } catch (error) {
      parentPort.postMessage({ kind: "failed", id, failure: describeError(error) });
    }
  });
`;
const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
const pool = new WorkerPool({ name: "fed", url, threads: 1, jobsPerThread: 10, idleMs: 1000, heapMegabytes: 64 });
const never = new AbortController().signal;

afterAll(() => pool.close());

interface Counter {
  readonly slowMs?: number;
  readonly most?: number;
}

function count(source: AsyncIterable<Uint8Array>, signal = never, counter: Counter = {}): Promise<unknown> {
  const job = (port: MessagePort): unknown => ({ port, slowMs: 0, most: Infinity, ...counter });
  return runFedJob(pool, { source, job, signal });
}

async function* pieces(count: number, size: number, onPiece?: (index: number) => void): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) {
    onPiece?.(index);
    yield Buffer.alloc(size, 1);
  }
}

describe("feeding a thread", () => {
  it.each([
    [0, 0],
    [1, 1],
    [1000, 7],
    [3, 256 * 1024],
    [5, 1_000_003],
  ])("sends %d pieces of %d bytes", async (number, size) => {
    expect(await count(pieces(number, size))).toEqual({ bytes: number * size, sum: number * size });
  });

  it("stays a few chunks ahead and no more", async () => {
    let sent = 0;
    const work = count(
      pieces(200, 256 * 1024, (index) => (sent = index)),
      never,
      { slowMs: 20 },
    );
    await sleep(300);
    expect(sent).toBeLessThan(40);
    expect(await work).toMatchObject({ bytes: 200 * 256 * 1024 });
  });

  it("throws what the source throws", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(300_000);
      throw new RangeError("broken source");
    }
    await expect(count(broken())).rejects.toThrow(RangeError);
  });

  it("throws what the job throws, and closes the source", async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          yield Buffer.alloc(300_000);
          await sleep(1);
        }
      } finally {
        closed = true;
      }
    }
    const failure = await count(endless(), never, { most: 1_000_000 }).catch((error: unknown) => error);
    expect(isEngineError(failure, "exhausted")).toBe(true);
    expect((failure as Error).cause).toContain("enough");
    for (let round = 0; round < 1000 && !closed; round++) await sleep(1);
    expect(closed).toBe(true);
  });

  it("ends at once when the caller goes away", async () => {
    async function* asleep(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(10);
      await sleep(60_000, undefined, { ref: false });
    }
    const abort = new AbortController();
    const work = count(asleep(), abort.signal);
    await sleep(10);
    abort.abort();
    await expect(work).rejects.toMatchObject({ category: "cancelled" });
  });
});
