import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { readCgroupHost } from "./cgroup.ts";
import { treeOf } from "./cgroup-paths.ts";
import { openOomWatch } from "./oom-watch.ts";

const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0).toReversed()) step();
});

const memory = treeOf(readCgroupHost(), "memory");

describe.skipIf(memory?.version !== 1)("v1, on this host", () => {
  /** A real group with too little memory for anything. */
  function smallGroup(): { path: string; folder: string } {
    const path = `/dhow-oom-${process.pid}-${Math.random().toString(36).slice(2)}`;
    const folder = `${memory?.root}${path}`;
    mkdirSync(folder);
    undo.push(() => rmdirSync(folder));
    writeFileSync(`${folder}/memory.limit_in_bytes`, String(8 * 1024 * 1024));
    writeFileSync(`${folder}/memory.memsw.limit_in_bytes`, String(8 * 1024 * 1024));
    return { path, folder };
  }

  function watching(path: string): number[] {
    const watch = openOomWatch(readCgroupHost());
    undo.push(() => watch[Symbol.dispose]());
    const told: number[] = [];
    watch.watch(path, (kills) => told.push(kills));
    return told;
  }

  const runIn = (folder: string, command: string): Promise<void> =>
    new Promise((resolve) => execFile("/bin/busybox", ["sh", "-c", `echo $$ >${folder}/cgroup.procs; ${command}`], () => resolve()));

  test("tells of each kill, and at once of those before", async () => {
    const { path, folder } = smallGroup();
    const told = watching(path);
    await runIn(folder, "exec tail /dev/zero");
    await expect.poll(() => told).toEqual([1]);
    await runIn(folder, "exec tail /dev/zero");
    await expect.poll(() => told).toEqual([1, 2]);
    expect(watching(path)).toEqual([2]);
  });

  test("says nothing of a signal, nor of a group that goes, is gone or is left", async () => {
    const { path, folder } = smallGroup();
    const told = watching(path);
    await runIn(folder, "kill -9 $$");
    const watch = openOomWatch(readCgroupHost());
    undo.push(() => watch[Symbol.dispose]());
    watch.watch(path, (kills) => told.push(kills))();
    watch.watch("/dhow-nowhere", (kills) => told.push(kills));
    undo.splice(0, 1)[0]?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(told).toEqual([]);
  });
});

test("v2: tells of a change of the group's memory.events", async () => {
  const root = mkdtempSync(join(tmpdir(), "oom-"));
  undo.push(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "c"));
  const events = join(root, "c", "memory.events");
  writeFileSync(events, "low 0\noom 0\noom_kill 0\n");
  const watch = openOomWatch({ layout: "v2", unified: root, trees: {} });
  undo.push(() => watch[Symbol.dispose]());
  const told: number[] = [];
  const stop = watch.watch("/c", (kills) => told.push(kills));
  watch.watch("/nowhere", (kills) => told.push(kills));
  writeFileSync(events, "low 0\noom 3\noom_kill 2\n");
  await expect.poll(() => told).toEqual([2]);
  writeFileSync(events, "low 1\noom 3\noom_kill 2\n");
  stop();
  writeFileSync(events, "low 1\noom 3\noom_kill 9\n");
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(told).toEqual([2]);
});
