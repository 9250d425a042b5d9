import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import type { GitOperation, HttpOperation } from "../plan/plan.ts";
import { checkOut } from "../remote/check-out.ts";
import { download } from "../remote/download.ts";
import type { Execution, StepOutcome } from "./execution-context.ts";

/** ADD of a URL: one file. It is fetched for every build, and known by its content. @throws EngineError; `invalid` for another checksum. */
export async function fetchFile(execution: Execution, { url, fileName, checksum }: HttpOperation): Promise<StepOutcome> {
  const folder = await newFolder(execution, "download");
  const { digest } = await execution.slots.run(execution.signal, async () => await download(url, join(folder, fileName), execution.signal));
  if (checksum !== undefined && digest !== checksum) throw new EngineError("invalid", `digest mismatch ${digest}: ${checksum}`);
  return { result: { kind: "folder", folder, digest: `${digest} ${fileName}` }, cached: false };
}

/** ADD of a repository: the tree of a commit. */
export async function fetchRepository(execution: Execution, operation: GitOperation): Promise<StepOutcome> {
  const parent = await newFolder(execution, "repository");
  const { folder, commit } = await execution.slots.run(
    execution.signal,
    async () => await checkOut(operation, join(parent, "tree"), execution.signal),
  );
  const { subdirectory = "", keepGitDir, submodules } = operation;
  return { result: { kind: "folder", folder, digest: JSON.stringify([commit, subdirectory, keepGitDir, submodules]) }, cached: false };
}

async function newFolder({ folder }: Execution, what: string): Promise<string> {
  const path = join(folder, `${what}-${randomBytes(6).toString("hex")}`);
  await mkdir(path, { mode: 0o755 });
  return path;
}
