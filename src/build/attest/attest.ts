import { randomUUID } from "node:crypto";
import { predicateTypes, type Attestation } from "#spec/attestations.ts";
import type { Digest } from "#spec/digest.ts";
import { familiarString } from "#spec/reference.ts";
import type { BuildInput, BuildSink } from "../build-input.ts";
import type { FinishedImage } from "../export/finish.ts";
import { withRoot, type RootDeps } from "../export/tree-root.ts";
import type { BuildAssembly, BuildImages } from "../ports.ts";
import type { BuildThreads } from "../worker/build-thread.ts";
import { provenance, type FinishedBuild } from "./provenance.ts";
import { spdxDocument } from "./spdx.ts";

export interface AttestDeps extends RootDeps {
  readonly threads: Pick<BuildThreads, "takeInventory">;
  readonly images: Pick<BuildImages, "find">;
  readonly assembly: Pick<BuildAssembly, "keepBytes">;
}

export interface AttestedBuild extends Omit<FinishedBuild, "manifestOf" | "invocation" | "finished"> {
  readonly input: FinishedBuild["input"] & Pick<BuildInput, "attestations" | "references">;
  readonly image: FinishedImage;
  /** SOURCE_DATE_EPOCH: seconds. */
  readonly epoch: number | undefined;
  readonly sink: BuildSink;
}

/** Makes what a build was asked to say of its image, and keeps it until the image is on record. */
export async function attest(deps: AttestDeps, build: AttestedBuild, signal: AbortSignal): Promise<Attestation[]> {
  const { sbom, provenance: mode } = build.input.attestations;
  const made: Attestation[] = [];
  const keep = async (kind: keyof typeof predicateTypes, predicate: object): Promise<void> => {
    const digest = await deps.assembly.keepBytes(Buffer.from(JSON.stringify(predicate)), signal);
    made.push({ predicateType: predicateTypes[kind], digest });
  };
  if (sbom) await keep("sbom", await billOfMaterials(deps, build, signal));
  if (mode !== undefined) {
    const manifestOf = (id: Digest): Digest | undefined => deps.images.find(id, undefined).manifest;
    await keep("provenance", provenance({ ...build, manifestOf, invocation: randomUUID(), finished: new Date() }, mode));
  }
  return made;
}

async function billOfMaterials(deps: AttestDeps, { image, input, epoch, sink }: AttestedBuild, signal: AbortSignal): Promise<object> {
  const inventory = await withRoot(deps, image.tree, async (root) => await deps.threads.takeInventory(root, signal));
  sink.push({ stream: `Listed ${inventory.packages.length} installed packages\n` });
  const [reference] = input.references;
  const name = reference === undefined ? image.id : familiarString(reference);
  return spdxDocument(inventory, { id: image.id, name, created: epoch === undefined ? new Date() : new Date(epoch * 1000) });
}
