import type { Logger } from "#lib/logger.ts";
import type { Slots } from "#lib/slots.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { ContainerFiles } from "#store/files/contract.ts";
import type { Snapshotter } from "#store/snapshots/contract.ts";
import type { BuildInput, BuildSink } from "../build-input.ts";
import type { CacheMounts } from "../cache/cache-mounts.ts";
import type { ImageCaches } from "../cache/image-caches.ts";
import type { CacheStore, CacheUse } from "../cache/cache-store.ts";
import type { EntitlementName } from "../entitlements.ts";
import type { InputStore } from "../explain/input-store.ts";
import type { BuildPlan, StepRef } from "../plan/plan.ts";
import type { BuildAssembly, BuildImages, BuiltLayer, StepRunner } from "../ports.ts";
import type { ImportedCaches } from "../remote-cache/imported-caches.ts";
import type { BuildThreads } from "../worker/build-thread.ts";
import type { ClientSession } from "../session/client-session.ts";
import type { BuildReport } from "./report.ts";
import type { StepResult } from "./step-result.ts";

/** What the steps of every build stand on. */
export interface ExecutionDeps {
  readonly images: BuildImages;
  readonly runner: StepRunner;
  readonly snapshots: Pick<
    Snapshotter,
    "name" | "hasLayer" | "layerSize" | "createWritable" | "mount" | "turnIntoLayer" | "withDiff" | "removeWritable" | "withLayer"
  >;
  readonly content: Pick<ContentStore, "produce" | "ingest" | "stream" | "sizeOf" | "diskSizeOf">;
  readonly files: Pick<ContainerFiles, "packLayer" | "packFolder" | "extract">;
  readonly threads: BuildThreads;
  readonly cache: CacheStore;
  readonly inputs: InputStore;
  readonly mounts: CacheMounts;
  /** Roots of RUN belong to other users than the host's. */
  readonly remapped: boolean;
  readonly logger: Logger;
}

/** One build on its way. */
export interface Execution extends ExecutionDeps {
  readonly input: BuildInput;
  readonly sink: BuildSink;
  /** What the client offers meanwhile. */
  readonly session: ClientSession | undefined;
  readonly plan: BuildPlan;
  /** A folder of the build's own, which goes with it. */
  readonly folder: string;
  /** Nothing is in it. */
  readonly emptyFolder: string;
  /** Of the client's files. */
  readonly context: string;
  readonly assembly: BuildAssembly;
  readonly report: BuildReport;
  /** Images that the client lets steps be taken from. */
  readonly imageCaches: ImageCaches;
  /** Caches from elsewhere. */
  readonly imported: ImportedCaches;
  /** Grows while the build goes on. */
  readonly made: MadeStep[];
  /** What was found in the cache, to be noted there when all is done: a write for each would cost more than the look. */
  readonly uses: CacheUse[];
  /** How much is done at once. */
  readonly slots: Slots;
  readonly entitlements: ReadonlySet<EntitlementName>;
  /** SOURCE_DATE_EPOCH: seconds. */
  readonly epoch: number | undefined;
  readonly signal: AbortSignal;
  result(ref: StepRef): Promise<StepResult>;
}

/** A step that was made, or found, by what it is known by. */
export interface MadeStep {
  readonly keys: readonly string[];
  /** What it put on its tree; undefined: nothing. */
  readonly layer: BuiltLayer | undefined;
}

/** Of a step that makes layers. */
export interface StepOutcome {
  readonly result: StepResult;
  readonly cached: boolean;
  /** Why it was made, and not found in the cache, where the client wants to know. */
  readonly why?: string | undefined;
}
