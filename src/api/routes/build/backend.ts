import type { Duplex } from "node:stream";
import type { BuildInput, BuildSink } from "#build/build-input.ts";
import type { Pruned } from "#build/cache/build-cache.ts";
import type { PruneOptions } from "#build/cache/choose-victims.ts";

/** What the builder's routes need of the engine. */
export interface BuildBackend {
  /** The image's id, when it is done; undefined where none of this engine was asked for. */
  build(input: BuildInput, sink: BuildSink, signal: AbortSignal): Promise<string | undefined>;
  /** Keeps a place for a client's session. @returns takes its connection, and resolves when it is over. */
  openSession(id: string): Promise<(stream: Duplex) => Promise<void>>;
  prune(options: PruneOptions): Promise<Pruned>;
}
