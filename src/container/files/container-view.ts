import { existsSync } from "node:fs";
import posix from "node:path/posix";
import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { ViewMount, ViewRequest } from "#store/files/contract.ts";
import { isActive, type Container } from "../record/container.ts";
import { joinedContainer } from "../create/network-request.ts";
import { containerPaths } from "../record/paths.ts";
import { isRemapped } from "../run/user-namespaces.ts";
import type { PlannedMount } from "../ports.ts";
import type { FileDeps } from "./file-deps.ts";

/**
 * Has a container's file system at hand while `use` goes on: its root with its volumes, whether it runs, has run or never did. What is in
 * memory (tmpfs) is there while it runs.
 */
export async function withView<T>(deps: FileDeps, container: Container, use: (view: ViewRequest) => Promise<T>): Promise<T> {
  return await unlessRemoved(deps, container, async () => {
    using borrowed = await openView(deps, container);
    return await use(borrowed.view);
  });
}

/** A container that is removed while its files are worked on is gone: what the kernel says of its folders is nobody's business. */
export async function unlessRemoved<T>(
  { store }: Pick<FileDeps, "store">,
  { id }: Pick<Container, "id">,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (store.has(id)) throw error;
    throw new EngineError("not-found", `No such container: ${id}`, { cause: error });
  }
}

export interface BorrowedView extends Disposable {
  readonly view: ViewRequest;
}

/** As `withView`, for who gives it back himself. */
export async function openView(deps: FileDeps, container: Container): Promise<BorrowedView> {
  const borrowed = await deps.snapshots.borrow(container.id);
  try {
    // A volume is offered the image's content once, while it is empty: before anything is copied into it, as at a start.
    if (!isActive(container.state)) await prepareVolumes(deps, container, borrowed.root);
    return { view: viewOf(deps, container, borrowed.root), [Symbol.dispose]: () => borrowed[Symbol.dispose]() };
  } catch (error) {
    borrowed[Symbol.dispose]();
    throw error;
  }
}

async function prepareVolumes(deps: FileDeps, { id, mounts }: Container, root: string): Promise<void> {
  if (mounts.length > 0) await deps.locks.run(id, async () => await deps.volumes.prepare(id, root, mounts));
}

function viewOf(deps: FileDeps, container: Container, root: string): ViewRequest {
  const { options, store } = deps;
  const { hostConfig, mounts, state } = container;
  const running = isActive(state) ? { pid: state.pid, tmpfs: tmpfsOf(container) } : undefined;
  return {
    root,
    readOnlyRoot: hostConfig.ReadonlyRootfs === true,
    mounts: [...mounts.filter(({ type }) => type !== "tmpfs").map(viewMount), ...ownFiles(options, store, container)],
    makeTargets: running === undefined,
    running,
    users: usersOf(deps, container),
  };
}

/** Those of the host where they are the same. */
export function usersOf(deps: FileDeps, { hostConfig }: Container): ViewRequest["users"] {
  return isRemapped(deps, hostConfig) ? deps.userNamespaces?.mapping : undefined;
}

function viewMount({ source, target, readOnly, options }: PlannedMount): ViewMount {
  return { source, target, readOnly, recursive: !options.includes("bind") };
}

function tmpfsOf({ hostConfig, mounts }: Container): string[] {
  const asked = Object.keys(hostConfig.Tmpfs ?? {}).map((target) => posix.resolve("/", target));
  return [...mounts.filter(({ type }) => type === "tmpfs").map(({ target }) => target), ...asked];
}

/** hosts, hostname and resolv.conf, where the container has run: its own, or those of the container whose network it is in. */
function ownFiles(options: FileDeps["options"], store: FileDeps["store"], { id, hostConfig, mounts }: Container): ViewMount[] {
  const joined = joinedContainer(hostConfig.NetworkMode);
  const { hosts, hostname, resolvConf } = containerPaths(options.instance, joined !== undefined && store.has(joined) ? joined : id);
  const taken = new Set(mounts.map(({ target }) => target));
  return [
    ["/etc/resolv.conf", resolvConf],
    ["/etc/hostname", hostname],
    ["/etc/hosts", hosts],
  ]
    .map(([target = "", source = ""]) => ({ source, target, readOnly: hostConfig.ReadonlyRootfs === true, recursive: false }))
    .filter(({ source, target }) => !taken.has(target) && existsSync(source));
}

/** Says of a path that is not there whose it is, in Docker's words: clients tell it from a missing container by them. */
export function namingContainer(error: unknown, path: string, reference: string): unknown {
  if (!isEngineError(error, "not-found") || error.code !== "no-such-path") return error;
  return new EngineError("not-found", `Could not find the file ${path} in container ${reference}`, { cause: error });
}
