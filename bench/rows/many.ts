import { readFileSync } from "node:fs";
import type { BenchEngine } from "../engine.ts";
import { IMAGE, inParallel, removeAll, timed, type Row } from "../row.ts";

const start = (engine: BenchEngine, count: number): Promise<void> =>
  inParallel(numbers(count), 8, () => engine.run({ Image: IMAGE, Cmd: ["sleep", "1000000"] }));

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const startMany = (count: number): Row => ({
  name: `start-${count}`,
  unit: "ms",
  target: 0.25,
  better: "less",
  rounds: count > 100 ? 1 : 2,
  async measure(engine) {
    await removeAll(engine);
    return timed(() => start(engine, count));
  },
  clean: removeAll,
});

export const start50 = startMany(50);
export const start200 = startMany(200);

export const list200: Row = {
  name: "ps-200",
  unit: "ms",
  target: 0.2,
  better: "less",
  rounds: 15,
  prepare: (engine) => start(engine, 200),
  measure: (engine) => timed(() => engine.ok("GET", "/containers/json")),
  clean: removeAll,
};

/** One sample of each of 200, by 8 clients: what a monitoring agent asks for, and `docker stats` in its first second. */
export const stats200: Row = {
  name: "stats-200",
  unit: "ms",
  target: 0.8,
  better: "less",
  rounds: 5,
  prepare: (engine) => start(engine, 200),
  async measure(engine) {
    const containers = JSON.parse(await engine.ok("GET", "/containers/json")) as { Id: string }[];
    return timed(() => inParallel(containers, 8, ({ Id }) => engine.ok("GET", `/containers/${Id}/stats?stream=0&one-shot=1`)));
  },
  clean: removeAll,
};

export const remove200: Row = {
  name: "rm-200",
  unit: "ms",
  target: 0.2,
  better: "less",
  rounds: 1,
  prepare: (engine) => start(engine, 200),
  measure: (engine) => timed(() => removeAll(engine)),
  clean: removeAll,
};

/** Proportional set size of the daemon and of what it started to serve its containers, in MiB. */
function memory(engine: BenchEngine): number {
  const kilobytes = engine.processes().map((pid) => Number(/^Pss:\s+(\d+)/m.exec(rollup(pid))?.[1] ?? 0));
  return kilobytes.reduce((total, size) => total + size, 0) / 1024;
}

function rollup(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  } catch {
    return "";
  }
}

const memoryWith = (count: number, target: number): Row => ({
  name: `memory-${count}`,
  unit: "MiB",
  target,
  better: "less",
  rounds: 1,
  async prepare(engine) {
    await removeAll(engine);
    if (count === 0) {
      await engine.stop();
      await engine.start();
    } else await start(engine, count);
    await new Promise((resolve) => setTimeout(resolve, 3000)); // settle: what follows a burst is not what is held
  },
  measure: (engine) => Promise.resolve(memory(engine)),
  clean: removeAll,
});

export const memory0 = memoryWith(0, 0.9);
export const memory50 = memoryWith(50, 0.4);
export const memory200 = memoryWith(200, 0.2);

const daemonStart = (stopped: number): Row => ({
  name: `daemon-start-${stopped}`,
  unit: "ms",
  target: 0.3,
  better: "less",
  rounds: 5,
  async prepare(engine) {
    await inParallel(numbers(stopped), 8, () => engine.ok("POST", "/containers/create", { Image: IMAGE, Cmd: ["true"] }));
  },
  async measure(engine) {
    await engine.stop();
    return engine.start();
  },
  clean: removeAll,
});

export const daemonStart0 = daemonStart(0);
export const daemonStart200 = daemonStart(200);
