import type { BenchEngine } from "../engine.ts";
import { inParallel, timed, type Row } from "../row.ts";

const NAMES = Array.from({ length: 1000 }, (_, index) => `bench-${index}`);

const removeVolumes = (engine: BenchEngine): Promise<void> =>
  inParallel(NAMES, 8, (name) => engine.ok("DELETE", `/volumes/${name}?force=1`));

/** `docker volume ls` of a host with many. */
export const listVolumes: Row = {
  name: "volumes-1000",
  unit: "ms",
  target: 1,
  better: "less",
  rounds: 15,
  prepare: (engine) => inParallel(NAMES, 8, (Name) => engine.ok("POST", "/volumes/create", { Name, Labels: { bench: "row" } })),
  measure: (engine) => timed(() => engine.ok("GET", "/volumes")),
  clean: removeVolumes,
};
