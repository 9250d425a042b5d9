import type { ApiVersion } from "#spec/api-version.ts";
import type { GcRule } from "#spec/build/gc.ts";
import type { Instance } from "#spec/instance.ts";
import type { Proxies } from "./env.ts";
import type { HostAddress } from "./values/host-address.ts";
import type { UserRemap } from "./values/userns-remap.ts";
import type { AddressPool, RuntimeEntry, Ulimit } from "./values/types.ts";

/** Everything the daemon was told, checked, typed and frozen. Built once at start, and anew at each reload. */
export interface DaemonConfig {
  readonly instance: Instance;
  /** Undefined: users of containers are those of the host. */
  readonly userRemap: UserRemap | undefined;
  readonly pidfile: string;
  readonly ephemeral: Ephemeral | undefined;
  readonly log: LogConfig;
  readonly shutdown: ShutdownConfig;
  /** Undefined: metrics are not served. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  readonly labels: readonly string[];
  readonly api: ApiConfig;
  readonly containers: ContainersConfig;
  readonly network: NetworkConfig;
  readonly images: ImagesConfig;
  /** Undefined: images are served to nobody. */
  readonly registry: RegistryConfig | undefined;
  readonly builder: BuilderConfig;
}

/** What goes when the daemon's standard input ends, and the daemon with it; undefined: it lives until a signal, and nothing goes. */
export type Ephemeral = "containers" | "all";

/** What becomes of containers when the daemon is told to end. */
export interface ShutdownConfig {
  readonly liveRestore: boolean;
  /** Seconds that containers get at least where they end too; negative is for ever. */
  readonly timeout: number;
}

export interface LogConfig {
  readonly level: LogLevel;
  readonly format: "text" | "json";
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "fatal";

export interface ApiConfig {
  readonly hosts: readonly HostAddress[];
  /** Group of the unix socket: a name or a number. `explicit`: it has to exist. */
  readonly group: { readonly name: string; readonly explicit: boolean };
  /** Undefined: TCP is plain. */
  readonly tls: TlsConfig | undefined;
  readonly minVersion: ApiVersion;
}

export interface TlsConfig {
  /** Who signs the clients' certificates; with it, nobody else gets in. */
  readonly clientCa: string | undefined;
  readonly cert: string;
  readonly key: string;
}

/** Docker's defaults for what a container does not say itself. */
export interface ContainersConfig {
  /** Undefined: the first that the host has. */
  readonly defaultRuntime: string | undefined;
  readonly runtimes: Readonly<Record<string, RuntimeEntry>>;
  /** Folders with CDI specifications; those in a later one win. */
  readonly cdiFolders: readonly string[];
  readonly cgroupParent: string;
  readonly cgroupnsMode: "host" | "private";
  readonly ipcMode: "private" | "shareable";
  /** Bytes. */
  readonly shmSize: number;
  readonly ulimits: Readonly<Record<string, Ulimit>>;
  readonly logDriver: string;
  readonly logOptions: Readonly<Record<string, string>>;
  readonly noNewPrivileges: boolean;
  readonly init: boolean;
  /** Undefined: the first that the host has. */
  readonly initPath: string | undefined;
  readonly healthOnFailure: "none" | "restart";
  readonly restartDependants: boolean;
  /** Whose files in binds are: whoever made them, or the folder's owner. */
  readonly bindOwner: "container" | "auto";
  /** A file, or one of Docker's two words. */
  readonly seccompProfile: string;
}

export interface NetworkConfig {
  /** Address and prefix of the default bridge; undefined takes one from the pools. */
  readonly bip: string | undefined;
  /** IPv6 on the default bridge and on networks that do not say, or on neither; undefined: on these alone. */
  readonly ipv6: boolean | undefined;
  /** The default bridge's own IPv6 address and subnet, or its subnet alone; undefined takes one from the pools. */
  readonly bip6: string | undefined;
  readonly fixedCidr6: string | undefined;
  /** By driver, options of networks that do not say. */
  readonly networkOptions: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly mtu: number;
  readonly addressPools: readonly AddressPool[];
  /** Where ports are published when no address is given. */
  readonly publishAddress: string;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  /** Whether the host's own input rules decide about published ports. */
  readonly hostFirewall: boolean;
  /** Whether containers resolve each other's names on the default network too. */
  readonly namesOnDefaultNetwork: boolean;
}

export interface BuilderConfig {
  /** No rules: nothing of the cache goes by itself. */
  readonly gc: { readonly rules: readonly GcRule[] };
  /** What a build may be given when its client asks for it. */
  readonly entitlements: { readonly networkHost: boolean; readonly securityInsecure: boolean };
}

export interface ImagesConfig {
  /** Undefined: the one that was used before, or the first that works on the data root's file system. */
  readonly storageDriver: string | undefined;
  readonly insecureRegistries: readonly string[];
  readonly mirrors: readonly string[];
  readonly maxConcurrentDownloads: number;
  readonly maxConcurrentUploads: number;
  readonly maxDownloadAttempts: number;
  /** What images have to be signed by; undefined: the usual file, where there is one. */
  readonly signaturePolicy: string | undefined;
  readonly proxies: Proxies;
}

/** The images that are here, served to others. */
export interface RegistryConfig {
  readonly address: { readonly host: string; readonly port: number };
  /** Undefined: everybody who reaches it may pull. */
  readonly htpasswd: string | undefined;
  /** Undefined: plain HTTP. */
  readonly tls: TlsConfig | undefined;
}
