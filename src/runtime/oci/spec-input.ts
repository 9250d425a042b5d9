import type { IdMapping } from "#lib/id-mapping.ts";
import type { ContainerConfig, HostConfig } from "#spec/docker-api/types.ts";
import type { OciHooks, OciIntelRdt } from "#spec/oci-runtime/spec.ts";
import type { LimitName } from "#sys/host/host-limits.ts";

/** All that `ociSpec` (spec.ts) decides from. It does no I/O: everything of the host and the root file system is looked up before. */
export interface SpecInput {
  readonly id: string;
  /** Merged with the image's: Entrypoint, Cmd, Env, WorkingDir, User are final. */
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** Absolute path of the mounted root. */
  readonly rootfs: string;
  readonly hostname: string;
  readonly user: ResolvedUser;
  /** As `prepareRootfs` placed them: targets without links. */
  readonly mounts: readonly ContainerMount[];
  /** HostConfig.Tmpfs as `prepareRootfs` placed it; HostConfig's own when left out. */
  readonly tmpfs?: Readonly<Record<string, string>> | undefined;
  /** Host paths that are bind-mounted to /etc/resolv.conf, /etc/hostname and /etc/hosts. */
  readonly files: { readonly resolvConf: string; readonly hostname: string; readonly hosts: string };
  /** Path of the network namespace; undefined for the host's. */
  readonly netns: string | undefined;
  /** `/proc/<pid>/ns/…` of containers that are joined (`--pid container:X` …). */
  readonly joined: { readonly pid?: string; readonly ipc?: string; readonly uts?: string };
  /** The user namespace to join, which has this mapping; undefined for the host's. */
  readonly userNamespace?: { readonly path: string; readonly mapping: IdMapping } | undefined;
  /** /dev/shm's folder on the host when it is shared (`--ipc shareable` or `container:X`); undefined: a tmpfs of its own. */
  readonly shmPath: string | undefined;
  /** `/<parent>/<container id>`. */
  readonly cgroupPath: string;
  readonly host: HostFacts;
  readonly defaults: SandboxDefaults;
  /** What `lookUpDevices` found; needed when devices, blkio limits per device or `privileged` are asked for. */
  readonly devices?: HostDevices | undefined;
  /** A static init binary of the host (tini, catatonit) for `--init`; without one that is refused. */
  readonly initPath?: string | undefined;
}

/** Devices of the host, by the numbers that the kernel knows them by. */
export interface HostDevices {
  /** Those that the container gets nodes of. */
  readonly nodes: readonly HostDevice[];
  /** Numbers of the disks that blkio limits name, by the path that was asked for. */
  readonly disks: Readonly<Record<string, { readonly major: number; readonly minor: number }>>;
  /** What else CDI devices bring along. */
  readonly injection?: Injection | undefined;
}

/** What the specifications of CDI devices (cdi/) add to a container beside nodes. */
export interface Injection {
  readonly env: readonly string[];
  /** To be placed like any other. */
  readonly mounts: readonly ContainerMount[];
  readonly additionalGids: readonly number[];
  readonly hooks: OciHooks;
  readonly intelRdt: OciIntelRdt | undefined;
}

export interface HostDevice {
  /** In the container. */
  readonly path: string;
  /** On the host, links followed. */
  readonly source: string;
  readonly type: "b" | "c";
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  /** Left out: the user's that the container runs as. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Out of `r`, `w` and `m`. */
  readonly access: string;
}

/** As security.md needs it: numbers only, looked up inside the container's root by `resolveUser`. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  /** For HOME; `/` when unknown. */
  readonly home: string;
}

export interface ContainerMount {
  readonly type: "bind" | "volume" | "tmpfs" | "image";
  readonly target: string;
  readonly source: string;
  readonly readOnly: boolean;
  readonly propagation: string;
  readonly options: readonly string[];
  /** Restrictions that its source has on the host: crun before 1.9 would lift them, and nobody means that. */
  readonly sourceFlags?: readonly string[] | undefined;
}

export interface HostFacts {
  /** OCI architecture: `amd64`, `arm64`. */
  readonly architecture: string;
  /** `CAP_…` names in the daemon's own bounding set. */
  readonly capabilities: readonly string[];
  readonly cgroup: "v1" | "v2" | "hybrid";
  /** The daemon's own hard limits by OCI name (`RLIMIT_NOFILE`); -1n is infinity. */
  readonly rlimits: Readonly<Record<string, bigint>>;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Which OCI runtime will read the spec: `crun`, `runc` or another. */
  readonly runtime: string;
  readonly kernel: readonly [number, number];
  /** Processors and memory nodes that are online, as the kernel lists them: `0-3`. */
  readonly onlineCpus?: string | undefined;
  readonly onlineMemoryNodes?: string | undefined;
  /** The daemon's own: without CAP_SYS_RESOURCE no container gets less. */
  readonly oomScoreAdj?: number | undefined;
  /** False where memory and swap cannot be limited together. */
  readonly swapLimit?: boolean | undefined;
  /** False where block I/O has no weights (no BFQ scheduler on v1). */
  readonly blkioWeight?: boolean | undefined;
  /** Kinds of limits that neither version of its control groups offers. */
  readonly missingLimits?: readonly LimitName[] | undefined;
  /** Sizes of huge pages that can be limited: `2MB`. */
  readonly hugePageSizes?: readonly string[] | undefined;
  readonly apparmor?: boolean | undefined;
  /** Asks the kernel; undefined where it does not say. */
  readonly isProfileLoaded?: ((name: string) => boolean | undefined) | undefined;
  /** `/sys/devices/system/cpu/cpuN/thermal_throttle` of each processor that has it. */
  readonly thermalThrottlePaths?: readonly string[] | undefined;
}

export interface SandboxDefaults {
  readonly shmSize: number;
  /** A parsed seccomp profile; undefined for the built-in one. */
  readonly seccompProfile: unknown;
  /** The AppArmor profile of whoever asks for none; undefined where the kernel has none loaded. */
  readonly apparmorProfile?: string | undefined;
  readonly noNewPrivileges: boolean;
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly cgroupNamespace: "private" | "host";
  readonly init: boolean;
}
