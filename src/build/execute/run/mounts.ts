import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { RootFolder } from "#sys/files/in-root.ts";
import { mount as mountFileSystem, unmount } from "#sys/mounts/mount.ts";
import type { PlannedMount, RunOperation, StepRef } from "../../plan/plan.ts";
import type { RunnableStep } from "../../ports.ts";
import type { SourceTree } from "../../worker/job.ts";
import { restoreMount } from "../../remote-cache/restore-mount.ts";
import { AgentSocket } from "./agent-socket.ts";
import type { Execution } from "../execution-context.ts";

const SSH_SOCKET = "SSH_AUTH_SOCK=";
const NO_SUID = 2;
const NO_DEVICES = 4;
const NO_EXEC = 8;

export interface RunMounts {
  readonly mounts: RunnableStep["mounts"];
  readonly tmpfs: Readonly<Record<string, string>>;
  /** Secrets, which are nobody's but the process', and where an agent is. */
  readonly env: readonly string[];
}

type Mount<Type extends PlannedMount["type"]> = Extract<PlannedMount, { type: Type }>;

interface MadeMounts {
  readonly mounts: RunnableStep["mounts"][number][];
  readonly tmpfs: Record<string, string>;
  readonly env: string[];
}

interface Making {
  readonly execution: Execution;
  readonly trees: ReadonlyMap<StepRef, SourceTree>;
  readonly scope: AsyncDisposableStack;
  readonly folder: string;
}

/**
 * Makes what the mounts of a RUN show. Sources are looked up by the kernel inside the tree that they are named in, which nobody changes.
 *
 * @param scope gives back what was taken.
 * @throws EngineError `invalid`, `not-found`.
 */
export async function makeMounts(
  execution: Execution,
  operation: RunOperation,
  trees: Making["trees"],
  scope: AsyncDisposableStack,
): Promise<RunMounts> {
  const folder = join(execution.folder, `run-${randomBytes(6).toString("hex")}`);
  await mkdir(folder, { mode: 0o711 });
  const making: Making = { execution, trees, scope, folder };
  const made: MadeMounts = { mounts: [], tmpfs: {}, env: [] };
  for (const [index, mount] of operation.mounts.entries()) {
    if (mount.type === "bind") made.mounts.push(await bind(making, mount, index));
    else if (mount.type === "cache") made.mounts.push(await cache(making, mount));
    else if (mount.type === "tmpfs") made.tmpfs[mount.target] = mount.size === undefined ? "" : `size=${mount.size}`;
    else if (mount.type === "secret") await secret(making, mount, index, made);
    else await agent(making, mount, index, made);
  }
  made.mounts.push(...(await scripts(operation, folder)));
  return made;
}

/** The folders that scripts lie in: they are below /dev, where runtimes can make a folder to mount on, and no file. */
async function scripts(operation: RunOperation, folder: string): Promise<RunnableStep["mounts"]> {
  const folders = [...new Set(operation.scripts.map(({ path }) => dirname(path)))];
  return await Promise.all(
    folders.map(async (target, index) => {
      const source = join(folder, `scripts-${index}`);
      await mkdir(source, { mode: 0o755 });
      for (const { path, content } of operation.scripts.filter((script) => dirname(script.path) === target)) {
        const file = join(source, basename(path));
        await writeFile(file, content);
        await chmod(file, 0o755);
      }
      return { source, target, readOnly: true };
    }),
  );
}

/** A file in memory, for the time of the command; a variable of its alone. Neither is in a layer, a key or a history. */
async function secret(making: Making, mount: Mount<"secret">, index: number, made: MadeMounts): Promise<void> {
  const value = making.execution.input.secrets.get(mount.id);
  if (value === undefined) {
    if (mount.required) throw new EngineError("not-found", `secret ${mount.id}: not found`);
    return;
  }
  if (mount.env !== undefined) made.env.push(`${mount.env}=${Buffer.from(value).toString("utf8")}`);
  if (mount.target === undefined) return;
  const folder = join(making.folder, `secret-${index}`);
  await mkdir(folder, { mode: 0o711 });
  mountMemory(making.scope, folder);
  const source = join(folder, "value");
  await writeFile(source, value, { mode: 0o400 });
  await chown(source, mount.uid, mount.gid);
  await chmod(source, mount.mode);
  made.mounts.push({ source, target: mount.target, readOnly: true });
}

/** What a kill leaves mounted, the next start takes away (`BuildService.sweep`). */
function mountMemory(scope: AsyncDisposableStack, target: string): void {
  mountFileSystem({ source: "secret", target, type: "tmpfs", flags: NO_SUID | NO_DEVICES | NO_EXEC, options: "mode=711,size=1m" });
  scope.defer(() => unmount(target));
}

/** A socket that leads to the client's agent, for the time of the command: the first is what SSH_AUTH_SOCK names. */
async function agent({ execution, scope, folder }: Making, mount: Mount<"ssh">, index: number, made: MadeMounts): Promise<void> {
  const { session, signal } = execution;
  const isOffered = (await session?.has({ kind: "find-agent", id: mount.id }, signal)) === true;
  if (session === undefined || !isOffered) {
    if (mount.required)
      throw new EngineError("not-found", `unset ssh forward key ${mount.id}: the client forwards no such agent (--ssh ${mount.id})`);
    return;
  }
  const socket = scope.use(await AgentSocket.open(session, mount, join(folder, `ssh-${index}`), signal));
  made.mounts.push({ source: socket.path, target: mount.target, readOnly: true });
  if (!made.env.some((entry) => entry.startsWith(SSH_SOCKET))) made.env.push(`${SSH_SOCKET}${mount.target}`);
}

async function bind(making: Making, mount: Mount<"bind">, index: number): Promise<RunnableStep["mounts"][number]> {
  const { tree, path } = found(making.trees.get(mount.from), mount.source);
  if (mount.readOnly) return { source: join(tree.folder, path), target: mount.target, readOnly: true };
  // What is written there is thrown away: it gets a copy.
  const copy = join(making.folder, `bind-${index}`);
  await mkdir(copy, { mode: 0o755 });
  await fill(making, tree, path, copy);
  const isFolder = isFolderIn(tree, path);
  return { source: isFolder ? copy : join(copy, path.slice(path.lastIndexOf("/") + 1)), target: mount.target, readOnly: false };
}

async function cache({ execution, trees, scope, ...making }: Making, mount: Mount<"cache">): Promise<RunnableStep["mounts"][number]> {
  const use = scope.use(await execution.mounts.use(mount.id, mount.sharing));
  if (use.isNew) {
    if (mount.from !== undefined) {
      const { tree, path } = found(trees.get(mount.from), mount.source);
      await fill({ execution, trees, scope, ...making }, tree, path, use.folder);
    }
    await chown(use.folder, mount.uid, mount.gid);
    await chmod(use.folder, mount.mode);
    await restoreMount(execution, mount.id, use.folder);
  }
  return { source: use.folder, target: mount.target, readOnly: mount.readOnly };
}

async function fill({ execution: { threads, signal } }: Making, from: SourceTree, path: string, into: string): Promise<void> {
  const { matches } = await threads.select({ from, path: escaped(path), unpack: false, parents: false, exclude: [] }, signal);
  const items = (matches ?? []).map((match) => ({ kind: "tree", from, match }) as const);
  const looks = { owner: undefined, chmod: undefined, time: undefined };
  await threads.copy({ root: into, destination: "/", destinationIsFolder: true, items, exclude: [], ...looks }, signal);
}

/** A path that stands for itself, in a language of wildcards. */
function escaped(path: string): string {
  return path.replace(/[*?[\]\\]/g, "\\$&");
}

/** @throws EngineError `not-found`. */
function found(tree: SourceTree | undefined, source: string): { readonly tree: SourceTree; readonly path: string } {
  if (tree === undefined) throw new Error("a mount has no tree");
  using root = new RootFolder(tree.folder);
  const path = root.realpath(source);
  if (path === undefined)
    throw new EngineError("not-found", `failed to compute cache key: failed to calculate checksum of ref: "${source}": not found`);
  return { tree, path };
}

function isFolderIn(tree: SourceTree, path: string): boolean {
  using root = new RootFolder(tree.folder);
  return root.stat(path)?.isDirectory() === true;
}
