import { examine, orphanLayers, type ExamineDeps } from "./examine.ts";
import type { Diagnosis, DoctorReport, Finding } from "./finding.ts";
import { repair, type RepairDeps } from "./repair.ts";

export type DoctorDeps = ExamineDeps & RepairDeps;

/** A layer that is removed may leave one below it that nobody needs; there are no more of them than layers can be stacked. */
const MOST_ROUNDS = 500;

/**
 * Compares the records of images with the blobs and layers that are here, reading each, and mends what can be mended when asked to.
 *
 * @throws EngineError `cancelled`.
 */
export async function runDoctor(deps: DoctorDeps, options: { readonly repair: boolean }, signal: AbortSignal): Promise<DoctorReport> {
  const diagnoses: Diagnosis[] = [];
  const counts = { blobs: [...deps.content.list()].length, layers: deps.snapshots.list().layers.length };
  for await (const finding of examine(deps, signal)) {
    diagnoses.push({ finding, outcome: options.repair ? await repair(deps, finding, signal) : { kind: "found" } });
  }
  if (options.repair) diagnoses.push(...(await orphansBelow(deps, diagnoses, signal)));
  return { ...counts, diagnoses };
}

/** What only a removed layer had kept. */
async function orphansBelow(deps: DoctorDeps, before: readonly Diagnosis[], signal: AbortSignal): Promise<Diagnosis[]> {
  const found: Diagnosis[] = [];
  let isLayer = before.some(({ finding, outcome }) => finding.kind === "orphan-layer" && outcome.kind === "repaired");
  for (let round = 0; isLayer && round < MOST_ROUNDS; round++) {
    const next = orphanLayers(deps).map((chainId): Finding => ({ kind: "orphan-layer", chainId }));
    for (const finding of next) found.push({ finding, outcome: await repair(deps, finding, signal) });
    isLayer = next.length > 0;
  }
  return found;
}
