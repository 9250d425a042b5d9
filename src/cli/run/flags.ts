import { EngineError } from "#errors/engine-error.ts";
import { cpus, device, duration, integer, memory, pair, ulimit } from "./flag-values.ts";
import { parseMount, parseVolume } from "./mount.ts";
import { parsePublish, range } from "./ports.ts";
import type { CreateRequest, FlagContext, RunSettings } from "./request.ts";

/** A flag of `run`: how it is written, what it says of itself, and what it does to the request. */
export interface RunFlag {
  /** As commander takes it: `-m, --memory <bytes>`. */
  readonly usage: string;
  readonly help: string;
  /** Given more than once, each counts. */
  readonly many?: boolean;
  readonly apply: (request: CreateRequest, value: string, context: FlagContext, settings: RunSettings) => void;
}

const text = (usage: string, help: string, apply: RunFlag["apply"]): RunFlag => ({ usage, help, apply });
const list = (usage: string, help: string, apply: RunFlag["apply"]): RunFlag => ({ usage, help, many: true, apply });

type ItemOf<T> = NonNullable<T> extends (infer Item)[] ? Item : never;
type ValueOf<T> = NonNullable<T> extends Record<string, infer Value> ? Value : never;

/** Adds to a list that may not be there yet. */
function add<T extends object, K extends keyof T>(owner: T, key: K, value: ItemOf<T[K]>): void {
  owner[key] = [...((owner[key] as ItemOf<T[K]>[] | undefined) ?? []), value] as T[K];
}

/** Sets a key of a map that may not be there yet. */
function put<T extends object, K extends keyof T>(owner: T, key: K, [name, value]: [string, ValueOf<T[K]>]): void {
  owner[key] = { ...owner[key], [name]: value } as T[K];
}

/** The container's own configuration. */
const identity: readonly RunFlag[] = [
  list("-e, --env <NAME=VALUE>", "Set an environment variable; a name alone takes yours", ({ config }, value, { environment }) => {
    const entry = value.includes("=") ? value : environment[value] === undefined ? undefined : `${value}=${environment[value]}`;
    if (entry !== undefined) add(config, "Env", entry);
  }),
  list("--env-file <file>", "Read environment variables from a file", ({ config }, value, { readLines }) => {
    for (const line of readLines(value)) if (line.trim() !== "" && !line.startsWith("#")) add(config, "Env", line);
  }),
  list("-l, --label <NAME=VALUE>", "Set a label", ({ config }, value) => put(config, "Labels", pair(value))),
  text("-w, --workdir <path>", "Working directory inside the container", ({ config }, value) => void (config.WorkingDir = value)),
  text("-u, --user <name|uid[:group|gid]>", "User that the program runs as", ({ config }, value) => void (config.User = value)),
  text(
    "--entrypoint <program>",
    "Replace the image's entrypoint",
    ({ config }, value) => void (config.Entrypoint = value === "" ? [] : [value]),
  ),
  text("-h, --hostname <name>", "Host name", ({ config }, value) => void (config.Hostname = value)),
  text("--domainname <name>", "Domain name", ({ config }, value) => void (config.Domainname = value)),
  text("--stop-signal <signal>", "Signal that asks the container to stop", ({ config }, value) => void (config.StopSignal = value)),
  text(
    "--stop-timeout <seconds>",
    "Seconds to wait before it is killed",
    ({ config }, value) => void (config.StopTimeout = integer("stop-timeout", value)),
  ),
];

const limits: readonly RunFlag[] = [
  text("-m, --memory <bytes>", "Memory limit", ({ hostConfig }, value) => void (hostConfig.Memory = memory("memory", value))),
  text(
    "--memory-reservation <bytes>",
    "Soft memory limit",
    ({ hostConfig }, value) => void (hostConfig.MemoryReservation = memory("memory-reservation", value)),
  ),
  text(
    "--memory-swap <bytes>",
    "Memory and swap together; -1 is no limit",
    ({ hostConfig }, value) => void (hostConfig.MemorySwap = memory("memory-swap", value)),
  ),
  text("--cpus <number>", "Number of CPUs", ({ hostConfig }, value) => void (hostConfig.NanoCpus = cpus("cpus", value))),
  text("-c, --cpu-shares <number>", "CPU weight", ({ hostConfig }, value) => void (hostConfig.CpuShares = integer("cpu-shares", value))),
  text(
    "--cpu-period <microseconds>",
    "Period of the CPU quota",
    ({ hostConfig }, value) => void (hostConfig.CpuPeriod = integer("cpu-period", value)),
  ),
  text(
    "--cpu-quota <microseconds>",
    "CPU time within a period",
    ({ hostConfig }, value) => void (hostConfig.CpuQuota = integer("cpu-quota", value)),
  ),
  text("--cpuset-cpus <list>", "CPUs that may be used, as 0-2,4", ({ hostConfig }, value) => void (hostConfig.CpusetCpus = value)),
  text("--cpuset-mems <list>", "Memory nodes that may be used", ({ hostConfig }, value) => void (hostConfig.CpusetMems = value)),
  text(
    "--pids-limit <number>",
    "Most processes; -1 is no limit",
    ({ hostConfig }, value) => void (hostConfig.PidsLimit = integer("pids-limit", value)),
  ),
  text("--shm-size <bytes>", "Size of /dev/shm", ({ hostConfig }, value) => void (hostConfig.ShmSize = memory("shm-size", value))),
  text(
    "--oom-score-adj <number>",
    "The host's preference for killing it when memory is short",
    ({ hostConfig }, value) => void (hostConfig.OomScoreAdj = integer("oom-score-adj", value)),
  ),
  list("--ulimit <name=soft[:hard]>", "Set a resource limit", ({ hostConfig }, value) =>
    add(hostConfig, "Ulimits", ulimit("ulimit", value)),
  ),
];

const files: readonly RunFlag[] = [
  list("-v, --volume <source:target[:options]>", "Bind a folder, or mount a volume", ({ config, hostConfig }, value, { currentFolder }) => {
    const volume = parseVolume(value, currentFolder);
    if ("bind" in volume) add(hostConfig, "Binds", volume.bind);
    else put(config, "Volumes", [volume.anonymous, {}]);
  }),
  list("--mount <key=value,…>", "Mount a file system", ({ hostConfig }, value, { currentFolder }) =>
    add(hostConfig, "Mounts", parseMount(value, currentFolder)),
  ),
  list("--tmpfs <target[:options]>", "Mount a tmpfs", ({ hostConfig }, value) => {
    const [target = "", ...options] = value.split(":");
    put(hostConfig, "Tmpfs", [target, options.join(":")]);
  }),
  list("--volumes-from <container>", "Take over another container's volumes", ({ hostConfig }, value) =>
    add(hostConfig, "VolumesFrom", value),
  ),
  list("--device <path[:path][:rwm]>", "Give access to a device of the host", ({ hostConfig }, value) =>
    add(hostConfig, "Devices", device("device", value)),
  ),
];

const network: readonly RunFlag[] = [
  text(
    "--network <network>",
    "Network: bridge, host, none, container:NAME, or one of yours",
    ({ hostConfig }, value) => void (hostConfig.NetworkMode = value),
  ),
  list("--network-alias <name>", "Further name on its network", ({ endpoint }, value) => add(endpoint, "Aliases", value)),
  text(
    "--ip <address>",
    "IPv4 address on its network",
    ({ endpoint }, value) => void (endpoint.IPAMConfig = { ...endpoint.IPAMConfig, IPv4Address: value }),
  ),
  list("-p, --publish <[ip:][port:]port[/protocol]>", "Publish a port on the host", ({ config, hostConfig }, value) => {
    for (const { port, binding } of parsePublish(value)) {
      put(config, "ExposedPorts", [port, {}]);
      put(hostConfig, "PortBindings", [port, [...(hostConfig.PortBindings?.[port] ?? []), binding]]);
    }
  }),
  list("--expose <port[/protocol]>", "Say that the container listens on a port", ({ config }, value) => {
    const [ports = "", protocol = "tcp"] = value.split("/");
    for (const port of range(ports, value)) put(config, "ExposedPorts", [`${port}/${protocol}`, {}]);
  }),
  list("--dns <address>", "Name server", ({ hostConfig }, value) => add(hostConfig, "Dns", value)),
  list("--dns-search <domain>", "Search domain", ({ hostConfig }, value) => add(hostConfig, "DnsSearch", value)),
  list("--add-host <name:address>", "Further line in /etc/hosts", ({ hostConfig }, value) =>
    add(hostConfig, "ExtraHosts", value.replace("=", ":")),
  ),
];

const security: readonly RunFlag[] = [
  list("--cap-add <capability>", "Add a capability", ({ hostConfig }, value) => add(hostConfig, "CapAdd", value)),
  list("--cap-drop <capability>", "Drop a capability", ({ hostConfig }, value) => add(hostConfig, "CapDrop", value)),
  list("--security-opt <option>", "Security option: no-new-privileges, seccomp=FILE", ({ hostConfig }, value, { readLines }) =>
    add(hostConfig, "SecurityOpt", securityOption(value, readLines)),
  ),
  list("--group-add <group>", "Further group of the user", ({ hostConfig }, value) => add(hostConfig, "GroupAdd", value)),
  list("--sysctl <name=value>", "Kernel parameter of its namespaces", ({ hostConfig }, value) => put(hostConfig, "Sysctls", pair(value))),
  text("--pid <mode>", "PID namespace: host, container:NAME", ({ hostConfig }, value) => void (hostConfig.PidMode = value)),
  text("--ipc <mode>", "IPC namespace", ({ hostConfig }, value) => void (hostConfig.IpcMode = value)),
  text("--uts <mode>", "UTS namespace: host", ({ hostConfig }, value) => void (hostConfig.UTSMode = value)),
  text(
    "--cgroupns <mode>",
    "Control group namespace: host, private",
    ({ hostConfig }, value) => void (hostConfig.CgroupnsMode = value as "host"),
  ),
  text("--runtime <name>", "OCI runtime", ({ hostConfig }, value) => void (hostConfig.Runtime = value)),
  text("--restart <policy>", "no, always, unless-stopped, on-failure[:most]", ({ hostConfig }, value) => {
    const [name = "", most] = value.split(":");
    hostConfig.RestartPolicy = { Name: name as "no", ...(most === undefined ? {} : { MaximumRetryCount: integer("restart", most) }) };
  }),
  text(
    "--log-driver <name>",
    "Log driver",
    ({ hostConfig }, value) => void (hostConfig.LogConfig = { ...hostConfig.LogConfig, Type: value as "none" }),
  ),
  list("--log-opt <name=value>", "Option of the log driver", ({ hostConfig }, value) => {
    const [name, set] = pair(value);
    hostConfig.LogConfig = { ...hostConfig.LogConfig, Config: { ...hostConfig.LogConfig?.Config, [name]: set } };
  }),
];

/** A profile is a file of the user's: its content is what the daemon wants. */
function securityOption(value: string, readLines: (path: string) => readonly string[]): string {
  const [name, profile] = pair(value);
  return name === "seccomp" && profile !== "unconfined" && profile !== "builtin" ? `seccomp=${readLines(profile).join("\n")}` : value;
}

/** Health checks: one command for a shell, and its times. */
const health: readonly RunFlag[] = [
  text(
    "--health-cmd <command>",
    "Command that checks health",
    ({ config }, value) => void (config.Healthcheck = { ...config.Healthcheck, Test: ["CMD-SHELL", value] }),
  ),
  text(
    "--health-interval <duration>",
    "Time between checks",
    ({ config }, value) => void (config.Healthcheck = { ...config.Healthcheck, Interval: duration("health-interval", value) }),
  ),
];

export const runFlags: readonly RunFlag[] = [...identity, ...limits, ...files, ...network, ...security, ...health].toSorted((a, b) =>
  longName(a.usage) < longName(b.usage) ? -1 : 1,
);

/** `memory` of `-m, --memory <bytes>`. */
export function longName(usage: string): string {
  const name = /--([a-z-]+)/.exec(usage)?.[1];
  if (name === undefined) throw new EngineError("system", `a flag without a name: ${usage}`);
  return name;
}
