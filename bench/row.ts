import type { BenchEngine } from "./engine.ts";

/** One figure that is measured on every engine, in turns. */
export interface Row {
  readonly name: string;
  readonly unit: "ms" | "MiB" | "Gbit/s" | "µs" | "q/s";
  /** The ratio Dhow ÷ dockerd to reach; `at-least` for figures where more is better. */
  readonly target: number;
  readonly better: "less" | "more";
  /** How many times each engine is measured. */
  readonly rounds: number;
  /**
   * What the same measurement takes without an engine, in every round: on the ideal engine, where a docker command is timed; or as this says. A
   * figure below it cannot be had.
   */
  readonly floor?: "ideal" | (() => Promise<number>);
  /** Once per engine, unmeasured. */
  prepare?(engine: BenchEngine): Promise<void>;
  /** One measurement, in the row's unit. */
  measure(engine: BenchEngine): Promise<number>;
  /** Once per engine, also after a failure. */
  clean?(engine: BenchEngine): Promise<void>;
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

export const IMAGE = "bench/busybox:latest";

/** Removes every container of an engine. */
export async function removeAll(engine: BenchEngine): Promise<void> {
  const containers = JSON.parse(await engine.ok("GET", "/containers/json?all=1")) as { Id: string }[];
  await inParallel(containers, 8, ({ Id }) => engine.api("DELETE", `/containers/${Id}?force=1&v=1`));
}

/** Calls `work` for every item, `width` at a time. */
export async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items];
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
    }),
  );
}
