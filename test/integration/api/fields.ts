import { expect } from "vitest";

/**
 * Every field of a create, by its path in the request, and what becomes of it. fields.test.ts holds the list to the specification, the
 * named tests and a running daemon: what is missing here, or is not as it says, fails.
 */
export type Field =
  /** Honoured: taken, shown again by inspect, and proven by the test that is named. `shown` where it is not as it was given. */
  | { readonly value: unknown; readonly by: string; readonly shown?: unknown; readonly with?: object }
  /** Kept and shown for its user, as Docker does; it means nothing to the engine. */
  | { readonly kept: unknown }
  /** The host's kernel decides: honoured and shown, or a warning or a refusal says that it cannot be. */
  | { readonly kernel: unknown; readonly says: RegExp }
  /** Refused, with words that say why. */
  | { readonly refused: unknown; readonly message: string; readonly status?: number; readonly with?: object }
  /** Part of answers alone: taken in a request, as it comes with an inspect that is sent back, and never a wish. */
  | { readonly response: unknown }
  /** Holds other fields that are in this list. */
  | { readonly fields: string };

const around = "test/integration/api/traps/create-around.test.ts";
const traps = "test/integration/api/traps/create.test.ts";
const streams = "test/integration/api/traps/streams.test.ts";
const endpoints = "test/integration/network/endpoints.test.ts";
const dualStack = "test/integration/network/ipv6.test.ts";
const dockerode = "test/clients/dockerode.test.ts";
const websocket = "test/integration/container/attach-websocket.test.ts";
const spec = "src/runtime/oci/spec.test.ts";
const validate = "src/runtime/oci/spec/validate-create.test.ts";
const sandbox = "src/runtime/oci/spec/sandbox.test.ts";
const devices = "src/runtime/oci/spec/devices/host-devices.test.ts";
const files = "src/container/create/network-request.test.ts";

const health = { Healthcheck: { Test: ["CMD", "true"] } };
const inNetwork = (settings: object): object => ({
  HostConfig: { NetworkMode: "fields" },
  NetworkingConfig: { EndpointsConfig: { fields: settings } },
});

export const fields: Readonly<Record<string, Field>> = {
  "ContainerConfig.ArgsEscaped": { kept: true },
  "ContainerConfig.AttachStderr": { kept: true },
  "ContainerConfig.AttachStdin": { kept: true },
  "ContainerConfig.AttachStdout": { kept: true },
  "ContainerConfig.Cmd": { value: ["true"], by: traps },
  "ContainerConfig.Domainname": { value: "example.org", by: spec },
  "ContainerConfig.Entrypoint": { value: ["echo"], by: traps },
  "ContainerConfig.Env": { value: ["A=b"], shown: ["A=b", "PATH=/bin:/usr/bin"], by: streams },
  "ContainerConfig.ExposedPorts": { value: { "80/tcp": {} }, by: traps },
  "ContainerConfig.Healthcheck": { fields: "HealthConfig" },
  "ContainerConfig.Hostname": { value: "web", by: around },
  "ContainerConfig.Image": { value: "test/busybox:latest", by: traps },
  "ContainerConfig.Labels": { value: { a: "b" }, by: traps },
  "ContainerConfig.NetworkDisabled": { value: true, by: files },
  "ContainerConfig.OnBuild": { kept: ["RUN x"] },
  "ContainerConfig.OpenStdin": { value: true, by: dockerode },
  "ContainerConfig.Shell": { kept: ["/bin/sh", "-c"] },
  "ContainerConfig.StdinOnce": { value: true, by: dockerode },
  "ContainerConfig.StopSignal": { value: "SIGINT", by: traps },
  "ContainerConfig.StopTimeout": { value: 7, by: around },
  "ContainerConfig.Tty": { value: true, by: streams },
  "ContainerConfig.User": { value: "0:0", by: streams },
  "ContainerConfig.Volumes": { value: { "/data": {} }, by: traps },
  "ContainerConfig.WorkingDir": { value: "/tmp", by: streams },

  "HealthConfig.Interval": { value: 5_000_000_000, with: health, by: traps },
  "HealthConfig.Retries": { value: 2, with: health, by: traps },
  "HealthConfig.StartInterval": { value: 5_000_000_000, with: health, by: "src/container/health/health.test.ts" },
  "HealthConfig.StartPeriod": { value: 5_000_000_000, with: health, by: "src/container/health/health.test.ts" },
  "HealthConfig.Test": { value: ["CMD", "true"], by: traps },
  "HealthConfig.Timeout": { value: 5_000_000_000, with: health, by: "src/container/health/health.test.ts" },

  "HostConfig.Annotations": { value: { a: "b" }, by: spec },
  "HostConfig.AutoRemove": { value: true, by: "src/container/remove/remove.test.ts" },
  "HostConfig.Binds": { value: ["/tmp:/host:ro"], by: traps },
  "HostConfig.BlkioDeviceReadBps": { refused: [{ Path: "/no/such/disk", Rate: 1 }], message: "/no/such/disk", with: { start: true } },
  "HostConfig.BlkioDeviceReadIOps": { refused: [{ Path: "/no/such/disk", Rate: 1 }], message: "/no/such/disk", with: { start: true } },
  "HostConfig.BlkioDeviceWriteBps": { refused: [{ Path: "/no/such/disk", Rate: 1 }], message: "/no/such/disk", with: { start: true } },
  "HostConfig.BlkioDeviceWriteIOps": { refused: [{ Path: "/no/such/disk", Rate: 1 }], message: "/no/such/disk", with: { start: true } },
  "HostConfig.BlkioWeight": { kernel: 300, says: /Block I\/O weight/i },
  "HostConfig.BlkioWeightDevice": { kernel: [{ Path: "/no/such/disk", Weight: 100 }], says: /weight|no such disk/i },
  "HostConfig.CapAdd": { value: ["NET_ADMIN"], by: sandbox },
  "HostConfig.CapDrop": { value: ["CHOWN"], by: sandbox },
  "HostConfig.Cgroup": { refused: "x", message: "HostConfig.Cgroup is not supported" },
  "HostConfig.CgroupParent": { value: "/fields", by: "src/api/views/container-inspect.test.ts" },
  "HostConfig.CgroupnsMode": { value: "private", by: spec },
  "HostConfig.ConsoleSize": { value: [24, 80], by: spec },
  "HostConfig.ContainerIDFile": { kept: "/tmp/cid" },
  "HostConfig.CpuCount": { refused: 1, message: "HostConfig.CpuCount is not supported" },
  "HostConfig.CpuPercent": { kernel: 1, says: /CPU percent\. Percent discarded/ },
  "HostConfig.CpuPeriod": { value: 50_000, by: spec },
  "HostConfig.CpuQuota": { value: 50_000, by: spec },
  "HostConfig.CpuRealtimePeriod": { kernel: 1_000_000, says: /real-time/ },
  "HostConfig.CpuRealtimeRuntime": { kernel: 1000, says: /real-time/ },
  "HostConfig.CpuShares": { value: 512, by: spec },
  "HostConfig.CpusetCpus": { value: "0", by: spec },
  "HostConfig.CpusetMems": { value: "0", by: spec },
  "HostConfig.DeviceCgroupRules": { value: ["c 1:3 mr"], by: spec },
  "HostConfig.DeviceRequests": {
    refused: [{ Driver: "nvidia", Capabilities: [["gpu"]] }],
    message: 'could not select device driver "nvidia" with capabilities: [[gpu]]',
  },
  "HostConfig.Devices": { value: [{ PathOnHost: "/dev/null", PathInContainer: "/dev/x", CgroupPermissions: "rwm" }], by: devices },
  "HostConfig.Dns": { value: ["10.0.0.53"], by: "src/network/name-files.test.ts" },
  "HostConfig.DnsOptions": { value: ["ndots:2"], by: "src/network/name-files.test.ts" },
  "HostConfig.DnsSearch": { value: ["example.org"], by: "src/network/name-files.test.ts" },
  "HostConfig.ExtraHosts": { value: ["db:10.0.0.9"], by: "src/network/name-files.test.ts" },
  "HostConfig.GroupAdd": { value: ["7"], by: sandbox },
  "HostConfig.IOMaximumBandwidth": {
    refused: 1,
    message: "configuration is not supported on linux",
  },
  "HostConfig.IOMaximumIOps": {
    refused: 1,
    message: "configuration is not supported on linux",
  },
  "HostConfig.Init": { value: false, by: spec },
  "HostConfig.IpcMode": { value: "shareable", by: spec },
  "HostConfig.Isolation": { refused: "hyperv", message: "invalid isolation (hyperv): linux only" },
  "HostConfig.Links": { value: ["field-peer:db"], shown: [expect.stringMatching(/^\/field-peer:\/\w+\/db$/)], by: endpoints },
  "HostConfig.LogConfig": { value: { Type: "none", Config: {} }, by: streams },
  "HostConfig.MaskedPaths": { value: ["/proc/kcore"], by: spec },
  "HostConfig.Memory": { value: 67_108_864, by: sandbox },
  "HostConfig.MemoryReservation": { value: 67_108_864, by: spec },
  "HostConfig.MemorySwap": { value: 134_217_728, with: { HostConfig: { Memory: 67_108_864 } }, by: spec },
  "HostConfig.MemorySwappiness": { value: 10, by: validate },
  "HostConfig.Mounts": { fields: "Mount" },
  "HostConfig.NanoCpus": { value: 500_000_000, by: sandbox },
  "HostConfig.NetworkMode": { value: "none", by: traps },
  "HostConfig.OomKillDisable": { value: false, by: spec },
  "HostConfig.OomScoreAdj": { value: 100, by: sandbox },
  "HostConfig.PidMode": { value: "host", by: spec },
  "HostConfig.PidsLimit": { value: 50, by: sandbox },
  "HostConfig.PortBindings": { value: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] }, by: traps },
  "HostConfig.Privileged": { value: true, by: sandbox },
  "HostConfig.PublishAllPorts": { value: true, by: "src/container/create/create.test.ts" },
  "HostConfig.ReadonlyPaths": { value: ["/proc/sys"], by: spec },
  "HostConfig.ReadonlyRootfs": { value: true, by: sandbox },
  "HostConfig.RestartPolicy": { value: { Name: "on-failure", MaximumRetryCount: 3 }, by: "test/integration/daemon/policies.test.ts" },
  "HostConfig.Runtime": { refused: "nosuch", message: "unknown or invalid runtime name: nosuch" },
  "HostConfig.SecurityOpt": { value: ["no-new-privileges"], by: validate },
  "HostConfig.ShmSize": { value: 1_048_576, by: sandbox },
  "HostConfig.StorageOpt": { refused: { size: "1G" }, message: "--storage-opt is supported only" },
  "HostConfig.Sysctls": { value: { "net.ipv4.ip_forward": "1" }, by: sandbox },
  "HostConfig.Tmpfs": { value: { "/run": "size=1m" }, by: sandbox },
  "HostConfig.UTSMode": { value: "host", by: spec },
  "HostConfig.Ulimits": { value: [{ Name: "nofile", Soft: 100, Hard: 200 }], by: sandbox },
  "HostConfig.UsernsMode": { value: "host", by: "src/runtime/oci/spec/unsupported.test.ts" },
  "HostConfig.VolumeDriver": { value: "local", by: "src/volume/plugin/plugins.test.ts" },
  "HostConfig.VolumesFrom": { value: ["field-peer"], by: "src/container/create/create.test.ts" },

  "Mount.BindOptions": { value: { Propagation: "rslave" }, with: { Mount: { Type: "bind", Source: "/tmp" } }, by: around },
  "Mount.Consistency": { kept: "default" },
  "Mount.ImageOptions": {
    value: { Subpath: "bin" },
    by: "src/volume/request/mount-request.test.ts",
    with: { Mount: { Type: "image", Source: "test/busybox:latest" } },
  },
  "Mount.ReadOnly": { value: true, by: "src/volume/request/mount-request.test.ts" },
  "Mount.Source": { value: "named", by: around },
  "Mount.Target": { value: "/elsewhere", by: around },
  "Mount.TmpfsOptions": { value: { SizeBytes: 1_048_576, Mode: 448 }, with: { Mount: { Type: "tmpfs", Source: undefined } }, by: around },
  "Mount.Type": { value: "volume", by: around },
  "Mount.VolumeOptions": { value: { NoCopy: true, Labels: { a: "b" } }, by: "src/volume/request/mount-request.test.ts" },

  "NetworkingConfig.EndpointsConfig": { fields: "EndpointSettings" },
  "EndpointSettings.Aliases": { value: ["db"], with: inNetwork({}), by: endpoints },
  "EndpointSettings.DNSNames": { response: ["x"] },
  "EndpointSettings.DriverOpts": { value: { "com.docker.network.endpoint.ifname": "lan0" }, with: inNetwork({}), by: endpoints },
  "EndpointSettings.EndpointID": { response: "e".repeat(64) },
  "EndpointSettings.Gateway": { response: "10.9.9.1" },
  "EndpointSettings.GlobalIPv6Address": { response: "fd00::9" },
  "EndpointSettings.GlobalIPv6PrefixLen": { response: 64 },
  "EndpointSettings.GwPriority": { value: 5, with: inNetwork({}), by: endpoints },
  "EndpointSettings.IPAMConfig": { fields: "EndpointIPAMConfig" },
  "EndpointSettings.IPAddress": { response: "10.9.9.9" },
  "EndpointSettings.IPPrefixLen": { response: 24 },
  "EndpointSettings.IPv6Gateway": { response: "fd00::1" },
  "EndpointSettings.Links": { value: ["later:db"], with: inNetwork({}), by: endpoints },
  "EndpointSettings.MacAddress": { value: "02:00:00:00:00:09", with: inNetwork({}), by: endpoints },
  "EndpointSettings.NetworkID": { response: "n".repeat(64) },
  "EndpointIPAMConfig.IPv4Address": { value: "10.213.95.9", by: endpoints },
  "EndpointIPAMConfig.IPv6Address": { value: "fd00:d0:95::9", by: dualStack },
  "EndpointIPAMConfig.LinkLocalIPs": { value: ["169.254.1.1"], by: dualStack },
};

/** Query parameters of /containers and /exec: the test that sends each. */
export const parameters: Readonly<Record<string, string>> = {
  "GET /containers/json": "test/integration/api/traps/list.test.ts",
  "POST /containers/create": traps,
  "GET /containers/{id}/json": "src/api/routes/container/routes.test.ts",
  "GET /containers/{id}/top": "test/integration/api/traps/life.test.ts",
  "GET /containers/{id}/logs": streams,
  "GET /containers/{id}/stats": "test/integration/api/traps/life.test.ts",
  "POST /containers/{id}/resize": "test/integration/api/traps/life.test.ts",
  "POST /containers/{id}/start": "test/integration/api/traps/life.test.ts",
  "POST /containers/{id}/stop": "test/integration/api/traps/life.test.ts",
  "POST /containers/{id}/restart": "test/integration/api/traps/life.test.ts",
  "POST /containers/{id}/kill": "test/integration/api/traps/life.test.ts",
  "POST /containers/{id}/rename": "test/integration/api/traps/life.test.ts",
  "POST /containers/{id}/attach": dockerode,
  "GET /containers/{id}/attach/ws": websocket,
  "POST /containers/{id}/wait": "test/integration/api/traps/life.test.ts",
  "DELETE /containers/{id}": endpoints,
  "HEAD /containers/{id}/archive": "test/integration/container/archive.test.ts",
  "GET /containers/{id}/archive": "test/integration/container/archive.test.ts",
  "PUT /containers/{id}/archive": "test/integration/container/archive.test.ts",
  "POST /containers/prune": "test/integration/api/traps/life.test.ts",
  "POST /exec/{id}/resize": "src/api/routes/container/routes.test.ts",
};
