import { EngineError } from "#errors/engine-error.ts";
import type { Attestation } from "#spec/attestations.ts";
import { familiarString, type Reference } from "#spec/reference.ts";
import type { ContainerFiles } from "#store/files/contract.ts";
import type { BuildInput, BuildOutput, BuildSink } from "../build-input.ts";
import type { BuildAssembly, BuildImages } from "../ports.ts";
import type { ClientSession } from "../session/client-session.ts";
import type { FinishedImage } from "./finish.ts";
import { withRoot, type RootDeps } from "./tree-root.ts";

export interface DeliveryDeps extends RootDeps {
  readonly images: Pick<BuildImages, "archive" | "announce" | "attestationsOf">;
  readonly files: Pick<ContainerFiles, "packFolder">;
  readonly assembly: BuildAssembly;
  readonly session: ClientSession | undefined;
}

export interface Delivery {
  readonly input: Pick<BuildInput, "outputs" | "references">;
  readonly image: FinishedImage;
  /** Already kept. */
  readonly attestations: readonly Attestation[];
  readonly sink: BuildSink;
}

/** Hands the result to all that it was asked for, one after the other. @returns whether it is an image of this engine now. */
export async function deliver(deps: DeliveryDeps, delivery: Delivery, signal: AbortSignal): Promise<boolean> {
  const { outputs } = delivery.input;
  // What the client takes comes first: where that fails, no name has moved.
  for (const output of outputs) if (output.kind !== "image") await send(deps, delivery, output, signal);
  const images = outputs.flatMap((output) => (output.kind === "image" ? [output] : []));
  if (images.length > 0)
    await record(
      deps,
      delivery,
      namesOf(
        delivery,
        images.flatMap(({ names }) => names),
      ),
      signal,
    );
  return images.length > 0;
}

async function send(
  deps: DeliveryDeps,
  delivery: Delivery,
  output: Exclude<BuildOutput, { kind: "image" }>,
  signal: AbortSignal,
): Promise<void> {
  const { images, files, session } = deps;
  if (session === undefined) throw new EngineError("invalid", "an output for the client needs a session");
  const { tree, configBytes } = delivery.image;
  const request = { kind: "output", index: output.index } as const;
  delivery.sink.push({ stream: output.kind === "files" ? "Exporting the files\n" : `Exporting the image as ${output.form} archive\n` });
  if (output.kind === "archive") {
    const tags = namesOf(delivery, output.names);
    return await session.write(request, images.archive({ configBytes, layers: tree.layers, tags }, output.form, signal), signal);
  }
  await withRoot(deps, tree, async (root) => await session.write(request, files.packFolder(root, undefined, signal), signal));
}

async function record(
  { images, assembly }: DeliveryDeps,
  { image, attestations, sink }: Delivery,
  references: readonly Reference[],
  signal: AbortSignal,
): Promise<void> {
  const { configBytes, tree, id } = image;
  await assembly.keepBytes(configBytes, signal);
  // What was said of it before, and is now said anew, goes when nothing holds it any more.
  if (attestations.length > 0) for (const { digest } of images.attestationsOf(id)) await assembly.holdBlob(digest);
  assembly.commit({ configBytes, layerBlobs: tree.layers.map(({ blob }) => blob), attestations, references }, Date.now());
  images.announce(id, references);
  sink.push({ aux: { ID: id } });
  sink.push({ stream: `Successfully built ${id.slice("sha256:".length, "sha256:".length + 12)}\n` });
  for (const reference of references) sink.push({ stream: `Successfully tagged ${familiarString(reference)}\n` });
}

/** The build's names and the output's own, each once. */
function namesOf({ input }: Delivery, own: readonly Reference[]): Reference[] {
  return [...new Map([...input.references, ...own].map((reference) => [familiarString(reference), reference])).values()];
}
