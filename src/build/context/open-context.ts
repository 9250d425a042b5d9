import { createReadStream } from "node:fs";
import { mkdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import type { ContainerFiles } from "#store/files/contract.ts";
import { bytePathOf } from "#lib/byte-path.ts";
import type { BuildSource } from "../build-input.ts";
import { gitSource } from "../plan/git-source.ts";
import { checkOut } from "../remote/check-out.ts";
import { download } from "../remote/download.ts";
import { withoutCredentials } from "../remote/redact.ts";
import { isArchive } from "../worker/is-archive.ts";

interface ContextDeps {
  readonly files: Pick<ContainerFiles, "extract">;
}

export interface OpenedContext {
  /** On the host. */
  readonly folder: string;
  /** Where all that came was a Dockerfile, its name; else the client says which it is. */
  readonly dockerfile: string | undefined;
}

const DOCKERFILE = "Dockerfile";
const LARGEST_DOCKERFILE = 2 * 1024 * 1024;

/**
 * Makes a context's folder, once. Archives are read by a thread whose root is the folder, so that no name and no link in it leads elsewhere.
 *
 * @param folder the build's own.
 * @throws EngineError `invalid` for a broken archive, `exhausted`, and what a download or git says.
 */
export async function openContext(deps: ContextDeps, source: BuildSource, folder: string, signal: AbortSignal): Promise<OpenedContext> {
  const context = join(folder, "context");
  if (source.kind === "archive") {
    await unpack(deps, source.body, context, signal);
    return { folder: context, dockerfile: undefined };
  }
  const repository = gitSource(source.url);
  if (repository === undefined) return await fetch(deps, source.url, folder, context, signal);
  const { folder: checkedOut } = await checkOut({ ...repository, keepGitDir: repository.keepGitDir ?? false }, context, signal);
  return { folder: checkedOut, dockerfile: undefined };
}

/** By what comes, not by its name: an archive is a context, and anything else is a Dockerfile. */
async function fetch(deps: ContextDeps, url: string, folder: string, context: string, signal: AbortSignal): Promise<OpenedContext> {
  if (!/^https?:\/\//.test(url))
    throw new EngineError("invalid", `remote: ${withoutCredentials(url)} is no address of a context: want http, https or a git repository`);
  const file = join(folder, "download");
  const { bytes } = await download(url, file, signal);
  if (await isArchive(bytePathOf(file))) {
    await unpack(deps, createReadStream(file), context, signal);
    await unlink(file);
    return { folder: context, dockerfile: undefined };
  }
  if (bytes > LARGEST_DOCKERFILE)
    throw new EngineError("too-large", `${withoutCredentials(url)} is no archive, and too large for a Dockerfile`);
  await mkdir(context, { mode: 0o755 });
  await writeFile(join(context, DOCKERFILE), await readFile(file), { mode: 0o644 });
  await unlink(file);
  return { folder: context, dockerfile: DOCKERFILE };
}

async function unpack({ files }: ContextDeps, archive: AsyncIterable<Uint8Array>, folder: string, signal: AbortSignal): Promise<void> {
  await mkdir(folder, { mode: 0o755 });
  const view = { root: folder, readOnlyRoot: false, mounts: [], makeTargets: false, running: undefined, users: undefined };
  await files.extract(view, { path: "/", archive, keepKinds: false, owner: { user: 0, group: 0 } }, signal);
}
