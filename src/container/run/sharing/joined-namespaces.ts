import { readlinkSync } from "node:fs";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { SpecInput } from "#runtime/oci/spec-input.ts";
import type { ContainerStore } from "../../record/container-store.ts";
import { isActive, type Active, type Container } from "../../record/container.ts";
import { joinedContainer } from "../../create/network-request.ts";

type Store = Pick<ContainerStore, "find">;

/** Another container's, whose processes, or whose shared memory, this one shares. */
export interface Joined {
  readonly joined: SpecInput["joined"];
  /** Whose /dev/shm it gets. */
  readonly sharedMemoryOf: string | undefined;
}

/** Those containers have to run. @throws EngineError `conflict`, `not-found`, or `invalid` for one that does not share. */
export function joinedNamespaces(store: Store, { hostConfig }: Pick<Container, "hostConfig">): Joined {
  const pid = joinedContainer(hostConfig.PidMode);
  const ipc = joinedContainer(hostConfig.IpcMode);
  const ipcPeer = ipc === undefined ? undefined : requireShareable(runningPeer(store, ipc, "IPC"));
  return {
    joined: {
      ...(pid === undefined ? {} : { pid: namespacePath(runningPeer(store, pid, "PID"), "pid") }),
      ...(ipcPeer === undefined ? {} : { ipc: namespacePath(ipcPeer, "ipc") }),
    },
    sharedMemoryOf: ipcPeer?.id,
  };
}

export type RunningContainer = Container & { readonly state: Active };

function namespacePath({ state }: RunningContainer, kind: "pid" | "ipc"): string {
  return `/proc/${state.pid}/ns/${kind}`;
}

function requireShareable(peer: RunningContainer): RunningContainer {
  if (peer.hostConfig.IpcMode === "shareable") return peer;
  throw new EngineError(
    "invalid",
    `failed to join IPC namespace: container ${peer.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
  );
}

function runningPeer(store: Store, reference: string, kind: string): RunningContainer {
  const peer = findPeer(store, reference, `failed to join ${kind} namespace: `);
  if (!isRunning(peer)) throw new EngineError("conflict", `failed to join ${kind} namespace: container ${peer.id} is not running`);
  return peer;
}

/**
 * The container at the end of the chain `container:X`, whose network namespace and files are shared; undefined for a container with
 * a network of its own. Each in the chain has to run, so it cannot be a circle.
 *
 * @throws EngineError `conflict` when one does not run, `not-found` when it is gone.
 */
export function networkOwner(store: Store, { hostConfig }: Container): RunningContainer | undefined {
  let owner: RunningContainer | undefined;
  let next = joinedContainer(hostConfig.NetworkMode);
  while (next !== undefined) {
    owner = requireRunning(findPeer(store, next, "joining network namespace of container: "));
    next = joinedContainer(owner.hostConfig.NetworkMode);
  }
  return owner;
}

/**
 * One of the containers whose PID, IPC or network namespace this one joins, whose user namespace it has to join, too; undefined when it
 * joins none.
 *
 * @param isRemapped whether a container's users are others than the host's.
 * @throws EngineError `invalid` when they do not all have one user namespace.
 */
export function userNamespacePeers(
  store: Store,
  container: Container,
  isRemapped: (hostConfig: Container["hostConfig"]) => boolean,
): RunningContainer | undefined {
  const { hostConfig } = container;
  const ofKind = (mode: string | undefined, kind: string): RunningContainer[] => {
    const reference = joinedContainer(mode);
    return reference === undefined ? [] : [runningPeer(store, reference, kind)];
  };
  const owner = networkOwner(store, container);
  const peers = [...(owner === undefined ? [] : [owner]), ...ofKind(hostConfig.PidMode, "PID"), ...ofKind(hostConfig.IpcMode, "IPC")];
  const plain = peers.find((peer) => !isRemapped(peer.hostConfig));
  if (plain !== undefined) throw otherUsers(plain.name, "it has the users of the host (--userns host)");
  const [first] = peers;
  const other = peers.find((peer) => namespaceOf(peer) !== namespaceOf(first));
  if (other !== undefined) throw otherUsers(other.name, `it has another user namespace than container ${first?.name}`);
  return first;
}

function otherUsers(name: string, reason: string): EngineError {
  return new EngineError("invalid", `cannot join a namespace of container ${name}: ${reason}`);
}

function namespaceOf(peer: RunningContainer | undefined): string {
  return readlinkSync(`/proc/${peer?.state.pid}/ns/user`);
}

function requireRunning(peer: Container): RunningContainer {
  if (isRunning(peer)) return peer;
  throw new EngineError(
    "conflict",
    `cannot join network namespace of a non running container: container ${peer.name} is ${peer.state.status}`,
  );
}

function isRunning(container: Container): container is RunningContainer {
  return isActive(container.state);
}

function findPeer(store: Store, reference: string, prefix: string): Container {
  try {
    return store.find(reference);
  } catch (cause) {
    throw new EngineError("not-found", prefix + messageOf(cause), { cause });
  }
}
