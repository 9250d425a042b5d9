import type { HostConfig } from "#spec/docker-api/types.ts";

/** What Go shows for a field that nobody set, in Docker's order. `undefined` fields are left out of the JSON unless they are here. */
const zero = {
  Binds: null,
  ContainerIDFile: "",
  LogConfig: null,
  NetworkMode: "",
  PortBindings: null,
  RestartPolicy: null,
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: "",
  Dns: null,
  DnsOptions: null,
  DnsSearch: null,
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: "",
  Cgroup: "",
  Links: null,
  OomScoreAdj: 0,
  PidMode: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: "",
  UsernsMode: "",
  ShmSize: 0,
  Runtime: "",
  Isolation: "",
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: "",
  BlkioWeight: 0,
  BlkioWeightDevice: null,
  BlkioDeviceReadBps: null,
  BlkioDeviceWriteBps: null,
  BlkioDeviceReadIOps: null,
  BlkioDeviceWriteIOps: null,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: "",
  CpusetMems: "",
  Devices: null,
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: false,
  PidsLimit: null,
  Ulimits: null,
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
  MaskedPaths: null,
  ReadonlyPaths: null,
} as const satisfies { readonly [K in keyof HostConfig]?: unknown };

/** What was asked for, completed: a client may send it back to make the same container again. */
export function hostConfigView(hostConfig: HostConfig): Record<string, unknown> {
  const given = Object.entries(hostConfig).filter(([, value]) => value !== undefined);
  return { ...zero, ...Object.fromEntries(given), ...bindingsView(hostConfig) };
}

/** Both fields of a binding are always there. */
function bindingsView({ PortBindings }: HostConfig): { PortBindings?: object } {
  if (PortBindings === undefined) return {};
  const views = Object.entries(PortBindings).map(([port, targets]) => [
    port,
    targets?.map(({ HostIp = "", HostPort = "" }) => ({ HostIp, HostPort })) ?? null,
  ]);
  return { PortBindings: Object.fromEntries(views) as object };
}
