import { mergeConfig } from "#container/create/merge-config.ts";
import type { Container } from "#container/record/container.ts";
import { EngineError } from "#errors/engine-error.ts";
import type { EventSink } from "#events/contract.ts";
import type { Assembly } from "#image/make/assembly.ts";
import { applyChanges } from "#image/make/changes.ts";
import { childImageConfig } from "#image/make/child-image.ts";
import { emitImageEvent } from "#image/record/image-events.ts";
import type { ImageStore } from "#image/record/image-store.ts";
import type { Image } from "#image/record/image.ts";
import { parseRepoTag } from "#image/make/tag.ts";
import { KeyedMutex } from "#lib/keyed-mutex.ts";
import type { Digest } from "#spec/digest.ts";
import type { ContainerConfig } from "#spec/docker-api/types.ts";
import { serverVersion } from "#spec/identity.ts";
import { chainIds } from "#spec/oci-image/chain-id.ts";
import { mediaTypes, type ImageRunConfig } from "#spec/oci-image/types.ts";
import { familiarString, type Reference } from "#spec/reference.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { ContainerFiles, PackedLayer } from "#store/files/contract.ts";
import type { Snapshotter } from "#store/snapshots/contract.ts";

export interface CommitInput {
  /** Name, id, or the beginning of one. */
  readonly container: string;
  /** Empty for an image without a name. */
  readonly repo: string;
  readonly tag: string;
  readonly author: string;
  readonly comment: string;
  /** Have the container stand still meanwhile. */
  readonly pause: boolean;
  /** Lines of a Dockerfile. */
  readonly changes: readonly string[];
  /** How containers of the image run, completed by the container's own; that alone when undefined. */
  readonly config: ContainerConfig | undefined;
}

/** What a commit needs of the containers. */
export interface CommittedContainers {
  /** @throws EngineError `not-found`. */
  find(reference: string): Container;
  whileFrozen<T>(id: string, work: () => Promise<T>): Promise<T>;
  emitCommitted(container: Container, details: Readonly<Record<string, string>>): void;
}

export interface CommitDeps {
  readonly containers: CommittedContainers;
  readonly images: { readonly images: ImageStore; openAssembly(): Assembly };
  readonly snapshots: Pick<Snapshotter, "commitWritable">;
  readonly content: Pick<ContentStore, "produce">;
  readonly files: Pick<ContainerFiles, "packLayer">;
  readonly events: EventSink;
}

/** The digest of an archive without an entry: no layer is made of it. */
const EMPTY_LAYER = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
/** Of a container's configuration what belongs to the one container, and not to how others run. */
const IMAGE_FIELDS = [
  "User",
  "ExposedPorts",
  "Env",
  "Cmd",
  "Healthcheck",
  "ArgsEscaped",
  "Volumes",
  "WorkingDir",
  "Entrypoint",
  "OnBuild",
  "Labels",
  "StopSignal",
  "Shell",
] as const satisfies readonly (keyof ImageRunConfig)[];

/** Makes images out of containers. */
export class Committer {
  readonly #deps: CommitDeps;
  /** One at a time reads a container: the first to end would let it go on under the second. */
  readonly #turns = new KeyedMutex();

  constructor(deps: CommitDeps) {
    this.#deps = deps;
  }

  /**
   * Makes an image of a container's file system, on top of the image that it was made from. A kill at any instant leaves the image whole, or
   * nothing of it.
   *
   * @returns the image's id.
   * @throws EngineError `not-found` for the container or its image, `invalid`, `exhausted`.
   */
  async commit(input: CommitInput, signal: AbortSignal): Promise<Digest> {
    if (input.container === "") throw new EngineError("invalid", 'invalid name or ID supplied: ""');
    const container = this.#deps.containers.find(input.container);
    const reference = parseRepoTag(input.repo, input.tag);
    const config = committedConfig(container.config, input);
    const parent = this.#parentOf(container);
    const id = await this.#turns.run(container.id, async () => await this.#make(container, parent, config, input, reference, signal));
    const imageRef = reference === undefined ? "" : familiarString(reference);
    this.#announce(id, reference);
    this.#deps.containers.emitCommitted(container, { comment: input.comment, imageID: id, imageRef });
    return id;
  }

  #parentOf({ image }: Container): Image {
    const parent = this.#deps.images.images.get(image.id);
    if (parent === undefined) throw new EngineError("not-found", `No such image: ${image.id}`);
    return parent;
  }

  async #make(
    container: Container,
    parent: Image,
    config: ImageRunConfig,
    input: CommitInput,
    reference: Reference | undefined,
    signal: AbortSignal,
  ): Promise<Digest> {
    const { images } = this.#deps.images;
    await using assembly = this.#deps.images.openAssembly();
    await assembly.holdAllBlobs();
    for (const { chainId } of parent.layers) await assembly.holdLayer(chainId);
    const diffId = await this.#layer(container.id, parent, assembly, input.pause, signal);
    const file = childImageConfig(parent.config, {
      created: new Date(),
      author: input.author,
      comment: input.comment,
      config,
      container: container.id,
      containerConfig: container.config,
      diffId,
      engineVersion: serverVersion,
    });
    const configBytes = Buffer.from(JSON.stringify(file));
    await assembly.keepBytes(configBytes, signal);
    const layerBlobs = [
      ...parent.layers.map(({ blob }) => blob),
      ...(diffId === undefined ? [] : [{ digest: diffId, mediaType: mediaTypes.ociLayer }]),
    ];
    const { id } = assembly.commit({ configBytes, layerBlobs, references: reference === undefined ? [] : [reference] }, Date.now());
    images.setParent(id, parent.id);
    return id;
  }

  /** The archive and the layer's folder are written in one pass. @returns the diff id; undefined when nothing was changed. */
  async #layer(id: string, parent: Image, assembly: Assembly, pause: boolean, signal: AbortSignal): Promise<Digest | undefined> {
    const { containers, content, snapshots, files } = this.#deps;
    const made: { layer?: PackedLayer } = {};
    await content.produce(async (archive) => {
      await snapshots.commitWritable(id, async (diff, folder) => {
        const pack = async (): Promise<PackedLayer> => await files.packLayer({ diff, archive, folder }, signal);
        const layer = pause ? await containers.whileFrozen(id, pack) : await pack();
        made.layer = layer;
        if (layer.diffId === EMPTY_LAYER) return undefined;
        const chainId = chainIds([...parent.config.rootfs.diff_ids, layer.diffId]).at(-1);
        if (chainId !== undefined) await assembly.holdNewLayer(chainId, layer.contentSize);
        return chainId;
      });
      const { diffId: digest, size } = made.layer as PackedLayer;
      return { digest, size };
    });
    const diffId = made.layer?.diffId;
    if (diffId !== undefined) await assembly.holdBlob(diffId);
    return diffId === EMPTY_LAYER ? undefined : diffId;
  }

  #announce(id: Digest, reference: Reference | undefined): void {
    const { events, images } = this.#deps;
    const image = images.images.get(id);
    emitImageEvent(events, "create", id, image);
    if (reference !== undefined) emitImageEvent(events, "tag", id, image, familiarString(reference));
  }
}

/** @throws EngineError `invalid` for a change that is none. */
function committedConfig(container: ContainerConfig, { config, changes }: Pick<CommitInput, "config" | "changes">): ImageRunConfig {
  const changed = applyChanges(runConfig(config ?? container), changes);
  return runConfig(mergeConfig(changed as ContainerConfig, runConfig(container)));
}

function runConfig(config: ContainerConfig): ImageRunConfig {
  return Object.fromEntries(IMAGE_FIELDS.filter((field) => config[field] !== undefined).map((field) => [field, config[field]]));
}
