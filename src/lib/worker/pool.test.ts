import { setTimeout as sleep } from "node:timers/promises";
import { threadId } from "node:worker_threads";
import { afterEach, describe, expect, it, vi } from "vitest";
import { WorkerJobFailure, WorkerPool, type WorkerPoolOptions } from "./pool.ts";

/** A thread that does what a job says. */
const script = `
  import { parentPort, threadId } from "node:worker_threads";
  import { setTimeout as sleep } from "node:timers/promises";
  const works = {
    thread: () => threadId,
    slow: async () => { await sleep(50); return threadId; },
    note: (job, note) => { note("half"); return "whole"; },
    cancelled: async (job, note, flag) => { note("started"); while (Atomics.load(flag, 0) === 0) await sleep(1); return "saw it"; },
    fail: () => { throw new Error("no luck"); },
    crash: () => { setImmediate(() => { throw new Error("crashed"); }); return new Promise(() => {}); },
  };
  parentPort.on("message", async ({ id, job, cancel }) => {
    const send = (message) => parentPort.postMessage({ id, ...message });
    try {
      send({ kind: "done", result: await works[job](job, (note) => send({ kind: "note", note }), new Int32Array(cancel)) });
    } catch (error) {
      send({ kind: "failed", failure: error.message });
    }
  });
`;
const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`);

let pool: WorkerPool;
const makePool = (options: Partial<WorkerPoolOptions> = {}): WorkerPool =>
  (pool = new WorkerPool({ name: "test", url, threads: 2, jobsPerThread: 1, idleMs: 1000, heapMegabytes: 32, ...options }));

afterEach(() => pool.close());

describe("a pool of workers", () => {
  it("runs jobs on threads of its own, two at a time", async () => {
    makePool();
    const threads = await Promise.all([pool.run("slow"), pool.run("slow"), pool.run("slow"), pool.run("slow")]);
    expect(new Set(threads).size).toBe(2);
    expect(threads).not.toContain(threadId);
  });

  it("puts several jobs on one thread where that is allowed", async () => {
    makePool({ threads: 1, jobsPerThread: 3 });
    const start = performance.now();
    await Promise.all([pool.run("thread"), pool.run("slow"), pool.run("slow"), pool.run("slow")]);
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it("passes on what a job reports and what it throws", async () => {
    makePool();
    const notes: unknown[] = [];
    await expect(pool.run("note", { onNote: (note) => notes.push(note) })).resolves.toBe("whole");
    expect(notes).toEqual(["half"]);
    const failure = await pool.run("fail").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkerJobFailure);
    expect((failure as WorkerJobFailure).failure).toBe("no luck");
  });

  it("loses the job of a thread that crashes, and no other", async () => {
    makePool();
    const other = pool.run("slow");
    await expect(pool.run("crash")).rejects.toThrow("crashed");
    await expect(other).resolves.toBeTypeOf("number");
    await expect(pool.run("thread")).resolves.toBeTypeOf("number");
  });

  it("tells a running job that it is cancelled, and never starts one that waits", async () => {
    makePool({ threads: 1 });
    const abort = new AbortController();
    const started = Promise.withResolvers<unknown>();
    const running = pool.run("cancelled", { signal: abort.signal, onNote: started.resolve });
    const waiting = pool.run("thread", { signal: abort.signal });
    await started.promise;
    abort.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    await expect(running).resolves.toBe("saw it");
    await expect(pool.run("thread", { signal: abort.signal })).rejects.toThrow("gone");
  });

  it("ends idle threads, and starts new ones", async () => {
    makePool({ threads: 1, idleMs: 1 });
    const first = await pool.run("thread");
    await vi.waitFor(async () => {
      await sleep(5);
      expect(await pool.run("thread")).not.toBe(first);
    });
  });

  it("rejects what runs and what comes when it closes", async () => {
    makePool({ threads: 1 });
    const running = pool.run("slow");
    const waiting = pool.run("slow");
    const both = Promise.allSettled([running, waiting]);
    await pool.close();
    expect((await both).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(pool.run("thread")).rejects.toThrow("closed");
  });
});
