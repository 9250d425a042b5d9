import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { lookup } from "node:dns/promises";
import { EngineError } from "#errors/engine-error.ts";
import { RootFolder } from "#sys/files/in-root.ts";
import type { GitOperation } from "../plan/plan.ts";
import { isRefusedAddress, refusal } from "./address-policy.ts";
import { runGit } from "./run-git.ts";

export interface CheckedOut {
  /** On the host; the folder that was asked for of the repository. */
  readonly folder: string;
  readonly commit: string;
}

export type GitPolicy = (host: string) => Promise<void>;

/**
 * Gets one commit of a repository, with its submodules. Nothing that the repository or its server says becomes an option of git.
 *
 * @throws EngineError `unavailable`, `invalid`, `forbidden`, `not-found` for a folder that is not in it.
 */
export async function checkOut(
  source: Omit<GitOperation, "kind">,
  folder: string,
  signal: AbortSignal,
  policy: GitPolicy = requireAllowed,
): Promise<CheckedOut> {
  await policy(hostOf(source.remote));
  await mkdir(folder, { mode: 0o755 });
  await runGit(folder, ["init", "-q"], signal);
  await fetchCommit(source, folder, signal);
  await runGit(folder, ["checkout", "-q", "--detach", "FETCH_HEAD"], signal);
  const commit = (await runGit(folder, ["rev-parse", "HEAD"], signal)).trim();
  if (source.checksum !== undefined && !commit.startsWith(source.checksum)) {
    throw new EngineError("invalid", `expected checksum to match ${source.checksum}, got ${commit}`);
  }
  if (source.submodules) await runGit(folder, ["submodule", "update", "-q", "--init", "--recursive", "--depth=1"], signal);
  if (!source.keepGitDir) await rm(join(folder, ".git"), { recursive: true, force: true });
  return { folder: subfolder(folder, source.subdirectory), commit };
}

/** The one commit; where the server gives only what it names, all of it, since a commit may be anywhere. */
async function fetchCommit(
  { remote, ref = "HEAD" }: Pick<GitOperation, "remote" | "ref">,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const fetch = ["fetch", "-q", "--no-tags", "--no-recurse-submodules"];
  try {
    await runGit(folder, [...fetch, "--depth=1", "--end-of-options", remote, ref], signal);
  } catch (error) {
    const isCommit = /^[0-9a-f]{7,64}$/.test(ref);
    if (!isCommit || signal.aborted) throw error;
    await runGit(
      folder,
      [...fetch, "--end-of-options", remote, "+refs/heads/*:refs/dhow/heads/*", "+refs/tags/*:refs/dhow/tags/*"],
      signal,
    );
    const found =
      (await runGit(folder, ["rev-parse", "--verify", "--end-of-options", `${ref}^{commit}`], signal)).trim().split("\n").at(-1) ?? "";
    await runGit(folder, ["update-ref", "FETCH_HEAD", found], signal);
  }
}

/** Links on the way to it are followed inside the repository. */
function subfolder(folder: string, path: string | undefined): string {
  if (path === undefined) return folder;
  using root = new RootFolder(folder);
  const real = root.realpath(path);
  if (real === undefined || root.stat(real)?.isDirectory() !== true)
    throw new EngineError("not-found", `subdir: no such directory in the repository: ${path}`);
  return join(folder, real);
}

function hostOf(remote: string): string {
  if (/^[a-z]+:\/\//.test(remote)) return new URL(remote).hostname;
  return /@([^:/]+):/.exec(remote)?.[1] ?? "";
}

async function requireAllowed(host: string): Promise<void> {
  const plain = host.replace(/^\[|\]$/g, "");
  if (isRefusedAddress(plain)) throw refusal(host);
  const addresses = await lookup(plain, { all: true }).catch(() => []);
  if (addresses.some(({ address }) => isRefusedAddress(address))) throw refusal(host);
}
