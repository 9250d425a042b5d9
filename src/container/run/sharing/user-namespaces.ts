import { chmod, chown, stat } from "node:fs/promises";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import { hostId, type IdMapping, type Owner, rootOf } from "#lib/id-mapping.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { asOwner } from "#sys/files/file-owner.ts";
import { holdNetworkOf, holdNewNamespaces, type NamespaceHolder } from "#sys/mounts/user-namespace.ts";
import type { Container } from "../../record/container.ts";
import type { ContainerContext } from "../../deps.ts";
import { userNamespacePeers } from "./joined-namespaces.ts";
import { joinedContainer } from "../../create/network-request.ts";

const NULL_DEVICE = "/dev/null";

/** The users of a daemon with `userns-remap`. */
export interface UserNamespaces {
  readonly mapping: IdMapping;
  /** A user namespace with the mapping, and a network namespace in it. */
  holdNew(): Promise<NamespaceHolder>;
  /** A network namespace in a user namespace that is there, by its path. */
  holdNetworkOf(userNamespace: string): Promise<NamespaceHolder>;
}

export function hostUserNamespaces(mapping: IdMapping): UserNamespaces {
  return { mapping, holdNew: () => holdNewNamespaces(mapping), holdNetworkOf };
}

type Deps = Pick<ContainerContext, "store" | "userNamespaces">;

/** Whether its users are others than those of the host. */
export function isRemapped({ userNamespaces }: Pick<Deps, "userNamespaces">, { UsernsMode }: Pick<HostConfig, "UsernsMode">): boolean {
  return userNamespaces !== undefined && UsernsMode !== "host";
}

/** Who the root of a container is on the host; undefined for the host's own. */
export function containerRoot(deps: Pick<Deps, "userNamespaces">, hostConfig: Pick<HostConfig, "UsernsMode">): Owner | undefined {
  return deps.userNamespaces !== undefined && isRemapped(deps, hostConfig) ? rootOf(deps.userNamespaces.mapping) : undefined;
}

/** A container's user as the host sees him; its root where the mapping does not have him. */
export function userOnHost(deps: Pick<Deps, "userNamespaces">, hostConfig: Pick<HostConfig, "UsernsMode">, { uid, gid }: Owner): Owner {
  const mapping = isRemapped(deps, hostConfig) ? deps.userNamespaces?.mapping : undefined;
  if (mapping === undefined) return { uid, gid };
  const root = rootOf(mapping);
  return { uid: hostId(mapping.uids, uid) ?? root.uid, gid: hostId(mapping.gids, gid) ?? root.gid };
}

/** Runs what makes files in a container's root in the name of that root's owner; synchronous. */
export function asContainerRoot<T>(deps: Pick<Deps, "userNamespaces">, hostConfig: Pick<HostConfig, "UsernsMode">, work: () => T): T {
  const owner = containerRoot(deps, hostConfig);
  return owner === undefined ? work() : asOwner(owner, work);
}

/**
 * Refuses what the kernel does not let a namespace's root do, or what would make it as good as the host's: with dockerd's texts.
 *
 * @throws EngineError `invalid`.
 */
export function checkUserNamespace(deps: Pick<Deps, "userNamespaces">, hostConfig: HostConfig): void {
  const mode = hostConfig.UsernsMode ?? "";
  if (mode !== "" && mode !== "host") throw new EngineError("invalid", `invalid USER mode: ${mode}`);
  if (!isRemapped(deps, hostConfig)) return;
  if (hostConfig.Privileged === true) {
    throw new EngineError(
      "invalid",
      "privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode",
    );
  }
  if (hostConfig.NetworkMode === "host") {
    throw new EngineError("invalid", "cannot share the host's network namespace when user namespaces are enabled");
  }
  if (hostConfig.PidMode === "host")
    throw new EngineError("invalid", "cannot share the host PID namespace when user namespaces are enabled");
}

/** Where a remapped container runs: for as long as its runtime needs the paths. */
export interface UserSpace extends AsyncDisposable {
  readonly user: { readonly path: string; readonly mapping: IdMapping };
  /** Path of the network namespace that is to be its own; undefined where it has another container's. */
  readonly network: string | undefined;
}

/**
 * The user namespace of a container's next run: one of its own, or that of the containers whose other namespaces it joins, since the
 * kernel gives nobody rights over a namespace that belongs to another user namespace. Undefined for one with the host's users.
 *
 * @throws EngineError `conflict` for containers to join that do not run, `invalid` for some that do not share their users.
 */
export async function userSpace(deps: Deps, container: Container): Promise<UserSpace | undefined> {
  const { userNamespaces } = deps;
  if (userNamespaces === undefined || !isRemapped(deps, container.hostConfig)) return undefined;
  const { mapping } = userNamespaces;
  const peer = userNamespacePeers(deps.store, container, (hostConfig) => isRemapped(deps, hostConfig));
  if (peer === undefined) {
    const holder = await held(userNamespaces.holdNew());
    return { user: { path: holder.user, mapping }, network: holder.network, [Symbol.asyncDispose]: () => holder.end() };
  }
  const path = `/proc/${peer.state.pid}/ns/user`;
  if (joinedContainer(container.hostConfig.NetworkMode) !== undefined) {
    return { user: { path, mapping }, network: undefined, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const holder = await held(userNamespaces.holdNetworkOf(path));
  return { user: { path, mapping }, network: holder.network, [Symbol.asyncDispose]: () => holder.end() };
}

/**
 * Makes the pipes of a process that waits to be started its own user's, as runtimes do where they may: otherwise it could write to its
 * standard output, and not open /dev/stdout.
 */
export async function giveStdio(pid: number, user: Owner, { uids, gids }: IdMapping): Promise<void> {
  const [uid, gid] = [hostId(uids, user.uid), hostId(gids, user.gid)];
  if (uid === undefined || gid === undefined) return;
  for (const fd of [0, 1, 2]) {
    const path = `/proc/${pid}/fd/${fd}`;
    if ((await stat(path)).isFIFO()) await chown(path, uid, gid);
  }
}

/**
 * Makes /dev/null root's and everybody's again. As the standard input of a process that has none, crun 1.8 gives the host's own device to
 * the root of a remapped container, who could shut everybody else out of it.
 */
export async function keepingNullDevice<T>(creation: Promise<T>): Promise<T> {
  try {
    return await creation;
  } finally {
    await takeBackNullDevice();
  }
}

async function takeBackNullDevice(): Promise<void> {
  const { uid, gid, mode } = await stat(NULL_DEVICE);
  if (uid !== 0 || gid !== 0) await chown(NULL_DEVICE, 0, 0);
  if ((mode & 0o777) !== 0o666) await chmod(NULL_DEVICE, 0o666);
}

async function held(holder: Promise<NamespaceHolder>): Promise<NamespaceHolder> {
  try {
    return await holder;
  } catch (cause) {
    throw new EngineError("system", messageOf(cause), { cause });
  }
}
