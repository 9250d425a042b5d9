import type { OutputChunk, ProcessExit } from "#runtime/contract.ts";
import type { Attestation } from "#spec/attestations.ts";
import type { Digest } from "#spec/digest.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import type { ImageConfigFile } from "#spec/oci-image/types.ts";
import type { Platform } from "#spec/platform.ts";
import type { ProgressSink } from "#spec/progress.ts";
import type { Reference } from "#spec/reference.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";

/** What a build needs of its siblings. `daemon/wire` hands over services that fit. */

/** A layer of an image or of a step's result. */
export interface BuiltLayer {
  readonly chainId: Digest;
  readonly diffId: Digest;
  /** Bytes of its regular files. */
  readonly size: number;
  /** The archive it is kept as. */
  readonly blob: { readonly digest: Digest; readonly mediaType: string } | undefined;
  /** When a build made it, ms since 1970; undefined for those of images. */
  readonly created?: number | undefined;
}

export interface FoundImage {
  readonly id: Digest;
  readonly config: ImageConfigFile;
  /** The manifest that it came by. */
  readonly manifest: Digest | undefined;
  /** From the base up. */
  readonly layers: readonly BuiltLayer[];
}

export interface UnrecordedImage {
  readonly configBytes: Uint8Array;
  readonly layers: readonly Pick<BuiltLayer, "diffId" | "blob">[];
  readonly tags: readonly Reference[];
}

export interface BuildImages {
  /**
   * An image that is here, by reference, id or the beginning of one.
   * @throws EngineError `not-found` with Docker's text, also where it is for another platform; `invalid` for what is no name.
   */
  find(reference: string, platform: Platform | undefined): FoundImage;
  openAssembly(): BuildAssembly;
  /** An image that is on no record, as `docker save` writes one. @throws EngineError `not-found` for a layer whose archive is not kept. */
  archive(image: UnrecordedImage, form: "oci" | "docker", signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Tells of a new image and of its names. */
  announce(id: Digest, references: readonly Reference[]): void;
  /** What is said of an image; of none that is not here. */
  attestationsOf(id: Digest): readonly Attestation[];
  /** Some image stands on this layer. */
  needsLayer(chainId: Digest): boolean;
  /** Removes those of them, from the top down, that nothing needs any more. */
  collect(chainIds: readonly Digest[], blobs: readonly Digest[]): Promise<void>;
}

/** Holds what is being made until it is on record. */
export interface BuildAssembly extends AsyncDisposable {
  holdAllBlobs(): Promise<void>;
  holdBlob(digest: Digest): Promise<void>;
  /** Keeps a layer, and tells whether it is here. */
  holdLayer(chainId: Digest): Promise<boolean>;
  holdNewLayer(chainId: Digest, size: number): Promise<void>;
  /** Unpacks a layer whose archive is here. @throws EngineError `invalid`. */
  importLayer(
    layer: { readonly chainId: Digest; readonly parent: Digest | undefined; readonly diffId: Digest; readonly blob: Digest },
    signal: AbortSignal,
  ): Promise<void>;
  keepBytes(bytes: Uint8Array, signal: AbortSignal): Promise<Digest>;
  commit(
    image: {
      readonly configBytes: Uint8Array;
      readonly layerBlobs: readonly (BuiltLayer["blob"] | undefined)[];
      readonly attestations?: readonly Attestation[];
      readonly references: readonly Reference[];
    },
    now: number,
  ): { readonly id: Digest };
}

export interface BasePuller {
  /** @throws EngineError with dockerd's texts. */
  pull(
    input: { readonly reference: Reference; readonly platform: Platform | undefined; readonly auth: RegistryAuth },
    progress: ProgressSink,
    signal: AbortSignal,
  ): Promise<void>;
}

/** The sandbox of containers, for a process of which there is no record. */
export interface StepRunner {
  /** For the step's writable. */
  newId(): string;
  /** What the host or the network says against it. @returns warnings. @throws EngineError `invalid`, `not-found`. */
  check(step: RunnableStep): readonly string[];
  /**
   * Runs it to its end; its root is mounted by then, and stays so.
   * @throws EngineError `cancelled` when the signal came: nothing of it runs any more.
   */
  run(step: RunnableStep, onOutput: (chunk: OutputChunk) => void | Promise<void>, signal: AbortSignal): Promise<ProcessExit>;
}

export interface RunnableStep {
  readonly id: string;
  readonly argv: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: string;
  readonly hostname: string;
  readonly hostConfig: HostConfig;
  readonly mounts: readonly { readonly source: string; readonly target: string; readonly readOnly: boolean }[];
}
