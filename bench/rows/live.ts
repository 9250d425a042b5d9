import type { BenchEngine } from "../engine.ts";
import { IMAGE, removeAll, timed, type Row } from "../row.ts";

/** Rows on a container that runs already. */
const SLEEPER = { Image: IMAGE, Cmd: ["sleep", "1000000"] };
const sleepers = new Map<BenchEngine, string>();

export const exec: Row = {
  name: "exec",
  unit: "ms",
  target: 0.5,
  better: "less",
  rounds: 15,
  floor: "ideal",
  prepare: async (engine) => void sleepers.set(engine, await engine.run(SLEEPER)),
  measure: (engine) => timed(() => engine.docker("exec", sleepers.get(engine) ?? "", "true")),
  clean: removeAll,
};

export const stop: Row = {
  name: "stop",
  unit: "ms",
  target: 0.4,
  better: "less",
  rounds: 9,
  floor: "ideal",
  async measure(engine) {
    // A shell runs a trap at once while it waits; behind a command in the foreground only when that has ended, which would be measured, too.
    const id = await engine.run({ Image: IMAGE, Cmd: ["sh", "-c", "trap 'exit 0' TERM; sleep 1000 & echo ready; wait"] });
    while (!(await engine.ok("GET", `/containers/${id}/logs?stdout=1`)).includes("ready"))
      await new Promise((resolve) => setTimeout(resolve, 5));
    return timed(() => engine.docker("stop", id));
  },
  clean: removeAll,
};

export const removeForced: Row = {
  name: "rm-force",
  unit: "ms",
  target: 0.4,
  better: "less",
  rounds: 9,
  floor: "ideal",
  async measure(engine) {
    const id = await engine.run(SLEEPER);
    return timed(() => engine.docker("rm", "-f", id));
  },
  clean: removeAll,
};
