import { join } from "node:path";
import type { ContainerMount, HostDevices, ResolvedUser, SpecInput } from "#runtime/oci/spec-input.ts";
import type { PreparedRoot } from "#runtime/oci/spec/mounts/prepare-rootfs.ts";
import type { Container } from "../record/container.ts";
import type { ContainerOptions } from "../deps.ts";
import type { PlannedMount } from "../ports.ts";
import { containerPaths } from "../record/paths.ts";

/** What was found out for one run. */
export interface RunFacts {
  readonly rootfs: string;
  /** Where the mounts really go, with every link of the image followed. */
  readonly prepared: PreparedRoot<ContainerMount>;
  readonly user: ResolvedUser;
  readonly netns: string | undefined;
  readonly joined: SpecInput["joined"];
  /** Whose /dev/shm it gets: its own id, or another's, where it is shared. */
  readonly sharedMemoryOf: string | undefined;
  readonly devices: HostDevices | undefined;
  /** Variables that the engine adds, before the user's. */
  readonly environment: readonly string[];
  /** Undefined: the host's. */
  readonly userNamespace?: SpecInput["userNamespace"];
  /** Whose hosts, hostname and resolv.conf it gets: its own, or those of the container whose network it joins. */
  readonly filesOf: Pick<Container, "id" | "config">;
}

export function specInput(options: ContainerOptions, container: Container, facts: RunFacts): SpecInput {
  const paths = containerPaths(options.instance, facts.filesOf.id);
  return {
    id: container.id,
    config: withEnvironment(container.config, facts.environment),
    hostConfig: { ...container.hostConfig, Tmpfs: facts.prepared.tmpfs },
    rootfs: facts.rootfs,
    hostname: facts.filesOf.config.Hostname ?? "",
    user: facts.user,
    mounts: facts.prepared.mounts,
    files: { resolvConf: paths.resolvConf, hostname: paths.hostname, hosts: paths.hosts },
    netns: facts.netns,
    joined: facts.joined,
    shmPath: facts.sharedMemoryOf === undefined ? undefined : containerPaths(options.instance, facts.sharedMemoryOf).sharedMemory,
    cgroupPath: join("/", container.hostConfig.CgroupParent || options.instance.cgroupParent, container.id),
    host: { ...options.host, runtime: container.hostConfig.Runtime ?? options.host.runtime },
    defaults: options.defaults,
    devices: facts.devices,
    userNamespace: facts.userNamespace,
    initPath: options.initPath,
  };
}

/** With variables that a user's own replace. */
export function withEnvironment(config: Container["config"], environment: readonly string[]): Container["config"] {
  return environment.length === 0 ? config : { ...config, Env: [...environment, ...(config.Env ?? [])] };
}

/** For what a spec says beside its mounts and namespaces: limits, or the process of an exec. */
export function factsWithoutRun(container: Container, devices?: HostDevices): RunFacts {
  const user = { uid: 0, gid: 0, additionalGids: [], home: "/" };
  const prepared = { mounts: [], tmpfs: {} };
  return {
    rootfs: "/",
    prepared,
    user,
    netns: undefined,
    joined: {},
    sharedMemoryOf: undefined,
    devices,
    environment: [],
    filesOf: container,
  };
}

export function asContainerMount({ type, target, source, readOnly, propagation, options, sourceFlags }: PlannedMount): ContainerMount {
  return { type, target, source, readOnly, propagation, options, sourceFlags };
}
