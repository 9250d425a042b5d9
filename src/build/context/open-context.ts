import { mkdir } from "node:fs/promises";
import { EngineError } from "#errors/engine-error.ts";
import type { ContainerFiles } from "#store/files/contract.ts";
import type { BuildSource } from "../build-input.ts";

interface ContextDeps {
  readonly files: Pick<ContainerFiles, "extract">;
}

/**
 * Unpacks a context, once. The archive is read by a thread whose root is the folder, so that no name and no link in it leads elsewhere.
 *
 * @throws EngineError `invalid` for a broken archive, `exhausted`.
 */
export async function openContext({ files }: ContextDeps, source: BuildSource, folder: string, signal: AbortSignal): Promise<void> {
  await mkdir(folder, { mode: 0o755 });
  if (source.kind === "remote") throw new EngineError("not-implemented", "remote: contexts by URL are not there yet");
  const view = { root: folder, readOnlyRoot: false, mounts: [], makeTargets: false, running: undefined, users: undefined };
  const request = { path: "/", archive: source.body, keepKinds: false, owner: { user: 0, group: 0 } };
  await files.extract(view, request, signal);
}
