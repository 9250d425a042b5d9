import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import posix from "node:path/posix";
import { EngineError, isEngineError, messageOf } from "#errors/engine-error.ts";
import type { ViewMount, ViewRequest } from "#store/files/contract.ts";
import { isActive, type Container } from "../record/container.ts";
import { joinedContainer } from "../create/network-request.ts";
import { containerPaths } from "../record/paths.ts";
import { prepareRequest } from "../run/prepare-request.ts";
import { isRemapped } from "../run/sharing/user-namespaces.ts";
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
  const holder = isActive(container.state) ? container.id : `view-${randomBytes(8).toString("hex")}`;
  const giveBack = (): void => {
    borrowed[Symbol.dispose]();
    if (holder !== container.id) void unmountVolumes(deps, holder);
  };
  try {
    // A volume is offered the image's content once, while it is empty: before anything is copied into it, as at a start.
    const mounts =
      holder === container.id
        ? deps.volumes.located(holder, container.mounts)
        : await prepareVolumes(deps, container, borrowed.root, holder);
    return { view: viewOf(deps, { ...container, mounts }, borrowed.root), [Symbol.dispose]: giveBack };
  } catch (error) {
    giveBack();
    throw error;
  }
}

async function prepareVolumes(deps: FileDeps, container: Container, rootfs: string, holder: string): Promise<Container["mounts"]> {
  if (container.mounts.length === 0) return [];
  return await deps.locks.run(container.id, async () => await deps.volumes.prepare(prepareRequest(deps, container, { rootfs, holder })));
}

async function unmountVolumes({ volumes, logger }: FileDeps, holder: string): Promise<void> {
  await volumes
    .unmount(holder)
    .catch((error: unknown) =>
      logger.warn({ holder, error: messageOf(error) }, "volumes that files were copied from could not be given back"),
    );
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
