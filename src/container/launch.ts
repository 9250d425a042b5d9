import type { ContainerMount, HostDevices, ResolvedUser } from "#runtime/oci/spec-input.ts";
import type { PreparedRoot } from "#runtime/oci/spec/prepare-rootfs.ts";
import type { OciSpec } from "#spec/oci-runtime/spec.ts";
import type { Container } from "./container.ts";
import { prepareFolders, writeContainerFiles } from "./container-files.ts";
import type { ContainerContext } from "./deps.ts";
import { joinedNamespaces, networkOwner } from "./joined-namespaces.ts";
import { linkEnvironment, requireLinkedContainers } from "./links/environment.ts";
import { hasLinks, refreshLinkedHosts, withLinkedHosts } from "./links/hosts.ts";
import { networkRequest } from "./network-request.ts";
import { containerPaths } from "./paths.ts";
import { both } from "./both.ts";
import { asContainerMount, specInput } from "./spec-input.ts";

export type LaunchDeps = Pick<
  ContainerContext,
  "store" | "options" | "sandbox" | "snapshots" | "volumes" | "networks" | "runtime" | "attachments" | "sharedMemory" | "locks" | "closing"
>;

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
  await prepareFolders(paths);
  const prepared = prepare(deps, container);
  const request = {
    id,
    bundle: paths.bundle,
    spec: prepared.then(({ spec }) => spec),
    runtime: hostConfig.Runtime,
    tty: config.Tty ?? false,
    stdin: config.OpenStdin ?? false,
    stdinOnce: config.StdinOnce ?? false,
    logPath: hostConfig.LogConfig?.Type === "none" ? undefined : paths.log,
  };
  const [process] = await both(
    deps.runtime.create(request, deps.closing),
    prepared.then(async ({ ownNetwork }) => (ownNetwork ? await deps.networks.connect(id) : undefined)),
  );
  await deps.attachments.connect(id, async () => await deps.runtime.attach(id));
  const startedAt = Date.now();
  await deps.runtime.start(id);
  return { pid: process.pid, startedAt };
}

interface Prepared {
  readonly spec: OciSpec;
  readonly ownNetwork: boolean;
}

/** All that the runtime's `create` needs to find. */
async function prepare(deps: LaunchDeps, container: Container): Promise<Prepared> {
  const { joined, sharedMemoryOf } = joinedNamespaces(deps.store, container);
  const [root, network] = await both(prepareRoot(deps, container), prepareNetwork(deps, container));
  const environment = linkEnvironment(deps, container);
  const facts = { ...root, ...network, joined, environment, sharedMemoryOf: sharedMemoryOf ?? root.sharedMemoryOf };
  const input = specInput(deps.options, container, facts);
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
  const { id, config, hostConfig, mounts } = container;
  const [rootfs, devices] = await both(deps.snapshots.mount(id), deps.sandbox.lookUpDevices(hostConfig));
  await deps.volumes.prepare(id, rootfs, mounts);
  const { options, sandbox } = deps;
  const prepared = sandbox.prepareRoot({ rootfs, config, hostConfig, mounts: mounts.map(asContainerMount), initPath: options.initPath });
  const user = deps.sandbox.resolveUser(rootfs, config.User ?? "", hostConfig.GroupAdd ?? []);
  return { rootfs, prepared, user, devices, sharedMemoryOf: await shareMemory(deps, container) };
}

async function shareMemory({ sharedMemory, options }: LaunchDeps, { id, hostConfig }: Container): Promise<string | undefined> {
  if (hostConfig.IpcMode !== "shareable") return undefined;
  await sharedMemory.mount(containerPaths(options.instance, id).sharedMemory, hostConfig.ShmSize || options.defaults.shmSize);
  return id;
}

async function prepareNetwork(deps: LaunchDeps, container: Container): Promise<Network> {
  const paths = containerPaths(deps.options.instance, container.id);
  const owner = networkOwner(deps.store, container);
  if (owner !== undefined) {
    const netns = deps.networks.sandboxOf(owner.id)?.netns ?? `/proc/${owner.state.pid}/ns/net`;
    return { netns, filesOf: owner, own: false };
  }
  if (hasLinks(container)) requireLinkedContainers(deps, container);
  const { netns, files } = await deps.networks.prepare(networkRequest(container));
  await withLinkedHosts(deps, container, files.hosts, async (hosts) => {
    await writeContainerFiles(paths, container.config.Hostname ?? "", { ...files, hosts });
  });
  await refreshLinkedHosts(deps, container);
  return { netns, filesOf: container, own: true };
}
