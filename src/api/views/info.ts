import { basename } from "node:path";
import { isIP } from "node:net";
import type { EngineInfo } from "#engine/info.ts";
import { compareApiVersions, type ApiVersion } from "#spec/api-version.ts";
import type { RegistryServiceConfig, SystemInfo } from "#spec/docker-api/types.ts";

/** `GET /info`. The docker CLI prints a warning for each of `Warnings`; what needs attention is `dhow doctor`'s to tell. */
export function infoView(info: EngineInfo, apiVersion: ApiVersion): object {
  const view = {
    ...countsView(info),
    ...hostView(info),
    ...limitsView(info),
    ...settingsView(info),
    ...runtimesView(info),
    ...absentView(),
  };
  const older = olderFields.filter(({ until }) => compareApiVersions(apiVersion, until) < 0);
  return older.reduce<object>((result, { fields }) => ({ ...result, ...fields(view) }), view);
}

/** What older versions of the API have beside, or otherwise. */
const olderFields: readonly { readonly until: ApiVersion; readonly fields: (view: SystemInfo) => object }[] = [
  { until: [1, 50], fields: () => ({ BridgeNfIptables: false, BridgeNfIp6tables: false }) },
  {
    until: [1, 49],
    fields: ({ ContainerdCommit, RuncCommit, InitCommit }) => ({
      ContainerdCommit: { ...ContainerdCommit, Expected: ContainerdCommit?.ID },
      RuncCommit: { ...RuncCommit, Expected: RuncCommit?.ID },
      InitCommit: { ...InitCommit, Expected: InitCommit?.ID },
    }),
  },
];

function countsView({ containers, images, storage, eventListeners, openFiles, activeResources, time }: EngineInfo): SystemInfo {
  return {
    Containers: containers.running + containers.paused + containers.stopped,
    ContainersRunning: containers.running,
    ContainersPaused: containers.paused,
    ContainersStopped: containers.stopped,
    Images: images,
    Driver: storage.driver,
    DriverStatus: storage.status.map(([name, value]) => [name, value]),
    NFd: openFiles,
    NGoroutines: activeResources,
    NEventsListener: eventListeners,
    SystemTime: time.toISOString(),
  };
}

function hostView({ engineId, version, description, host }: EngineInfo): SystemInfo {
  return {
    ID: engineId,
    Name: description.hostname,
    ServerVersion: version,
    KernelVersion: description.kernelVersion,
    OperatingSystem: description.operatingSystem,
    OSVersion: description.operatingSystemVersion,
    OSType: "linux",
    Architecture: description.machine,
    NCPU: host.cpus,
    MemTotal: host.memoryBytes,
    IPv4Forwarding: description.ipv4Forwarding,
  };
}

function limitsView({ host, description: { controllers }, settings, apparmorProfile }: EngineInfo): SystemInfo {
  return {
    MemoryLimit: controllers.has("memory"),
    SwapLimit: host.swapLimit,
    CpuCfsPeriod: controllers.has("cpu"),
    CpuCfsQuota: controllers.has("cpu"),
    CPUShares: controllers.has("cpu"),
    CPUSet: controllers.has("cpuset"),
    PidsLimit: controllers.has("pids"),
    // cgroup v2 has no such switch.
    OomKillDisable: host.cgroup !== "v2" && controllers.has("memory"),
    CgroupDriver: settings.cgroupDriver,
    CgroupVersion: host.cgroup === "v2" ? "2" : "1",
    SecurityOptions: [
      ...(apparmorProfile !== undefined ? ["name=apparmor"] : []),
      `name=seccomp,profile=${settings.seccompProfile}`,
      ...(settings.remapsUsers ? ["name=userns"] : []),
      "name=cgroupns",
    ],
  };
}

function settingsView({ settings, volumeDrivers, cdiDevices }: EngineInfo): SystemInfo {
  return {
    CDISpecDirs: [...settings.cdiFolders],
    ...(cdiDevices.length === 0 ? {} : { DiscoveredDevices: cdiDevices.map((name) => ({ Source: "cdi", ID: name })) }),
    DockerRootDir: settings.dataRoot,
    Debug: settings.debug,
    Labels: [...settings.labels],
    LiveRestoreEnabled: settings.liveRestore,
    LoggingDriver: settings.logDriver,
    Plugins: { Volume: [...volumeDrivers], Network: [...settings.networkDrivers], Authorization: [], Log: [...settings.logDrivers] },
    HttpProxy: withoutPassword(settings.proxies.http),
    HttpsProxy: withoutPassword(settings.proxies.https),
    NoProxy: settings.proxies.none ?? "",
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: registriesView(settings.insecureRegistries, settings.mirrors),
    ...(settings.addressPools.length === 0
      ? {}
      : { DefaultAddressPools: settings.addressPools.map(({ base, size }) => ({ Base: base, Size: size })) }),
  };
}

function withoutPassword(proxy = ""): string {
  return proxy.replace(/\/\/[^/@]*@/, "//xxxxx:xxxxx@");
}

/** Registries on this host may be spoken to without TLS, as with Docker. */
function registriesView(insecure: readonly string[], mirrors: readonly string[]): RegistryServiceConfig {
  const subnets = insecure.filter((entry) => isIP(entry.split("/")[0] ?? "") !== 0 && entry.includes("/"));
  const hosts = insecure.filter((entry) => !subnets.includes(entry));
  const hub = { Name: "docker.io", Mirrors: [...mirrors], Secure: true, Official: true };
  const others = hosts.map((name) => [name, { Name: name, Mirrors: [], Secure: false, Official: false }]);
  return {
    InsecureRegistryCIDRs: ["::1/128", "127.0.0.0/8", ...subnets],
    IndexConfigs: { ...Object.fromEntries(others), "docker.io": hub },
    Mirrors: [...mirrors],
  };
}

function runtimesView({ runtimes, initPath }: EngineInfo): SystemInfo {
  const [usual] = runtimes;
  return {
    Runtimes: Object.fromEntries(runtimes.map(({ name, path }) => [name, { path }])),
    DefaultRuntime: usual?.name ?? "",
    InitBinary: initPath === undefined ? "" : basename(initPath),
    RuncCommit: { ID: usual === undefined ? "N/A" : `${usual.name} ${usual.version}` },
  };
}

/** Parts of Docker that Dhow does not have, as Docker itself names their absence. */
function absentView(): SystemInfo {
  return {
    Swarm: { NodeID: "", NodeAddr: "", LocalNodeState: "inactive", ControlAvailable: false, Error: "", RemoteManagers: [] },
    ContainerdCommit: { ID: "N/A" },
    InitCommit: { ID: "N/A" },
    Isolation: "",
    ExperimentalBuild: false,
    GenericResources: [],
    FirewallBackend: { Driver: "nftables" },
    Warnings: [],
  };
}
