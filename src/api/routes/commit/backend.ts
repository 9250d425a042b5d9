import type { CommitInput } from "#engine/commit.ts";

/** What `/commit` needs of the engine. */
export interface CommitBackend {
  /** The new image's id. */
  commit(input: CommitInput, signal: AbortSignal): Promise<string>;
}
