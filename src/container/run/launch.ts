import type { MonitorLog } from "#logs/contract.ts";
import type { ContainerMount, HostDevices, ResolvedUser } from "#runtime/oci/spec-input.ts";
import type { PreparedRoot } from "#runtime/oci/spec/mounts/prepare-rootfs.ts";
import type { OciSpec } from "#spec/oci-runtime/spec.ts";
import type { Container } from "../record/container.ts";
import { prepareFolders, writeContainerFiles } from "./name-files/container-files.ts";
import type { ContainerContext } from "../deps.ts";
import { joinedNamespaces, networkOwner } from "./sharing/joined-namespaces.ts";
import { linkEnvironment, requireLinkedContainers } from "../links/environment.ts";
import { hasLinks, refreshLinkedHosts, withLinkedHosts } from "../links/hosts.ts";
import { logLayoutOf } from "../create/log-config.ts";
import { networkRequest } from "../create/network-request.ts";
import { containerPaths } from "../record/paths.ts";
import { both } from "../both.ts";
import { prepareRequest } from "./prepare-request.ts";
import { asContainerMount, specInput } from "./spec-input.ts";
import { asContainerRoot, containerRoot, giveStdio, keepingNullDevice, userSpace, type UserSpace } from "./sharing/user-namespaces.ts";

export interface LaunchDeps extends Pick<
  ContainerContext,
  | "store"
  | "options"
  | "sandbox"
  | "logKeeper"
  | "snapshots"
  | "volumes"
  | "networks"
  | "runtime"
  | "sharedMemory"
  | "userNamespaces"
  | "locks"
  | "closing"
> {
  readonly attachments: Pick<ContainerContext["attachments"], "connect">;
}

export interface LaunchedProcess {
  readonly pid: number;
  readonly startedAt: number;
}

interface Network {
  readonly netns: string | undefined;
  readonly filesOf: Container;
  /** False where another container's network, or none of ours, is used. */
  readonly own: boolean;
}

/**
 * Brings a container's process into being and lets it run. The monitor is started first, and loads while its root and its network are
 * made; the network is connected while the runtime works. What it did before it throws is for `releaseRun` to undo.
 */
export async function launch(deps: LaunchDeps, container: Container): Promise<LaunchedProcess> {
  const { id, config, hostConfig } = container;
  const paths = containerPaths(deps.options.instance, id);
  await prepareFolders(paths, deps.userNamespaces !== undefined);
  const log = await prepareLog(deps, container);
  await using users = await userSpace(deps, container);
  const prepared = prepare(deps, container, users);
  const request = {
    id,
    bundle: paths.bundle,
    spec: prepared.then(({ spec }) => spec),
    runtime: hostConfig.Runtime,
    tty: config.Tty ?? false,
    stdin: config.OpenStdin ?? false,
    stdinOnce: config.StdinOnce ?? false,
    logPath: log?.path,
    logFileBytes: log?.fileBytes,
  };
  const creation = both(
    deps.runtime.create(request, deps.closing),
    prepared.then(async ({ ownNetwork }) => (ownNetwork ? await deps.networks.connect(id) : undefined)),
  );
  const [process] = await (users === undefined ? creation : keepingNullDevice(creation));
  await deps.attachments.connect(id, async () => await deps.runtime.attach(id));
  if (users !== undefined) await giveStdio(process.pid, (await prepared).spec.process.user, users.user.mapping);
  const startedAt = Date.now();
  await deps.runtime.start(id);
  return { pid: process.pid, startedAt };
}

async function prepareLog({ logKeeper, options }: LaunchDeps, container: Container): Promise<MonitorLog | undefined> {
  const layout = logLayoutOf(container);
  return layout && (await logKeeper.prepare(containerPaths(options.instance, container.id).logs, layout));
}

interface Prepared {
  readonly spec: OciSpec;
  readonly ownNetwork: boolean;
}

/** All that the runtime's `create` needs to find. */
async function prepare(deps: LaunchDeps, container: Container, users: UserSpace | undefined): Promise<Prepared> {
  const { joined, sharedMemoryOf } = joinedNamespaces(deps.store, container);
  const [root, network] = await both(prepareRoot(deps, container), prepareNetwork(deps, container, users?.network));
  const environment = linkEnvironment(deps, container);
  const shared = { joined, environment, sharedMemoryOf: sharedMemoryOf ?? root.sharedMemoryOf, userNamespace: users?.user };
  const input = specInput(deps.options, container, { ...root, ...network, ...shared });
  return { spec: deps.sandbox.spec(input), ownNetwork: network.own };
}

interface Root {
  readonly rootfs: string;
  readonly prepared: PreparedRoot<ContainerMount>;
  readonly user: ResolvedUser;
  readonly devices: HostDevices;
  readonly sharedMemoryOf: string | undefined;
}

async function prepareRoot(deps: LaunchDeps, container: Container): Promise<Root> {
  const { id, config, hostConfig } = container;
  const [rootfs, devices] = await both(deps.snapshots.mount(id), deps.sandbox.lookUpDevices(hostConfig));
  const mounts = await deps.volumes.prepare(prepareRequest(deps, container, { rootfs, holder: id }));
  const { options, sandbox } = deps;
  const placed = [...mounts.map(asContainerMount), ...(devices.injection?.mounts ?? [])];
  const initPath = sandbox.wantsInit({ hostConfig, defaults: options.defaults, initPath: options.initPath }) ? options.initPath : undefined;
  const prepared = asContainerRoot(deps, hostConfig, () => sandbox.prepareRoot({ rootfs, config, hostConfig, mounts: placed, initPath }));
  const user = deps.sandbox.resolveUser(rootfs, config.User ?? "", hostConfig.GroupAdd ?? []);
  return { rootfs, prepared, user, devices, sharedMemoryOf: await shareMemory(deps, container) };
}

async function shareMemory(deps: LaunchDeps, { id, hostConfig }: Container): Promise<string | undefined> {
  const { sharedMemory, options } = deps;
  if (hostConfig.IpcMode !== "shareable") return undefined;
  const size = hostConfig.ShmSize || options.defaults.shmSize;
  await sharedMemory.mount(containerPaths(options.instance, id).sharedMemory, size, containerRoot(deps, hostConfig));
  return id;
}

async function prepareNetwork(deps: LaunchDeps, container: Container, namespace: string | undefined): Promise<Network> {
  const paths = containerPaths(deps.options.instance, container.id);
  const peer = networkOwner(deps.store, container);
  if (peer !== undefined) {
    const netns = deps.networks.sandboxOf(peer.id)?.netns ?? `/proc/${peer.state.pid}/ns/net`;
    return { netns, filesOf: peer, own: false };
  }
  if (hasLinks(container)) requireLinkedContainers(deps, container);
  const { netns, files } = await deps.networks.prepare({ ...networkRequest(container), namespace });
  const owner = containerRoot(deps, container.hostConfig);
  await withLinkedHosts(deps, container, files.hosts, async (hosts) => {
    await writeContainerFiles(paths, container.config.Hostname ?? "", { ...files, hosts }, owner);
  });
  await refreshLinkedHosts(deps, container);
  return { netns, filesOf: container, own: true };
}
