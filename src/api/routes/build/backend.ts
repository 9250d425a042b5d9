import type { BuildInput, BuildSink } from "#build/build-input.ts";
import type { Pruned } from "#build/cache/build-cache.ts";
import type { PruneOptions } from "#build/cache/choose-victims.ts";

/** What the builder's routes need of the engine. */
export interface BuildBackend {
  /** The image's id, when it is done. */
  build(input: BuildInput, sink: BuildSink, signal: AbortSignal): Promise<string>;
  prune(options: PruneOptions): Promise<Pruned>;
}
