import { rmSync } from "node:fs";
import { afterAll, expect } from "vitest";
import { BUSYBOX, busyboxArchive } from "../../../support/images.ts";
import { traps } from "../../../support/traps.ts";

const SLEEP = { Image: BUSYBOX, Cmd: ["sleep", "1000"] };

// The engine makes it for a bind mount, and it stays: it is the host's.
afterAll(() => rmSync("/tmp/dhow-trap-source", { recursive: true, force: true }));

/** compat.md §4: what surrounds a container that is created: mounts, ports, limits, networks. */
traps(
  "create: surroundings",
  [busyboxArchive],
  [
    { ask: "POST /containers/create?name=plain", body: SLEEP, status: 201, keep: "plain" },
    {
      ask: "POST /containers/create?name=mounts",
      body: {
        ...SLEEP,
        Volumes: { "/data/": {}, "/anon": {} },
        HostConfig: {
          Binds: ["named:/data", "/tmp:/host:ro"],
          Mounts: [{ Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 1048576, Mode: 448 } }],
        },
      },
      status: 201,
      trap: "Binds and Mounts and Volumes in one request; /data/ is /data (podman#11822, #18454)",
    },
    {
      ask: "GET /containers/mounts/json",
      status: 200,
      gives: {
        HostConfig: { Binds: ["named:/data", "/tmp:/host:ro"] },
        Mounts: expect.arrayContaining([
          expect.objectContaining({ Type: "volume", Name: "named", Destination: "/data", RW: true }),
          expect.objectContaining({ Type: "bind", Source: "/tmp", RW: false, Mode: "ro" }),
          expect.objectContaining({ Type: "volume", Destination: "/anon" }),
        ]) as object,
      },
      trap: "Binds are kept as they were written (podman aa197a65ff)",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, HostConfig: { Binds: ["/tmp:/x", "/var:/x"] } },
      status: 400,
      gives: "Duplicate mount point: /x",
      trap: "one target twice is refused",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, HostConfig: { Mounts: [{ Type: "bind", Source: "/no/such/source", Target: "/x" }] } },
      status: 400,
      gives: 'invalid mount config for type "bind": bind source path does not exist: /no/such/source',
      trap: "--mount needs its source (podman b584337bd6)",
    },
    {
      ask: "POST /containers/create?name=autosource",
      body: {
        ...SLEEP,
        HostConfig: { Mounts: [{ Type: "bind", Source: "/tmp/dhow-trap-source", Target: "/x", BindOptions: { CreateMountpoint: true } }] },
      },
      status: 201,
      trap: "… but for CreateMountpoint (compose)",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, HostConfig: { Binds: ["relative/path:/x"] } },
      status: 400,
      gives: "includes invalid characters for a local volume name",
      trap: "a relative source is no volume's name",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, HostConfig: { Binds: ["/tmp:relative"] } },
      status: 400,
      gives: "invalid mount path: 'relative' mount path must be absolute",
      trap: "a target is absolute",
      differs: "dockerd answers 500 with this text",
    },

    {
      ask: "POST /containers/create?name=ports",
      body: {
        ...SLEEP,
        ExposedPorts: { "90/udp": {} },
        HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "" }], "81/tcp": null, "82": [{ HostIp: "127.0.0.1", HostPort: "0" }] } },
      },
      status: 201,
      trap: "HostPort may be empty, a binding null, a protocol left out (podman 3.0 notes)",
    },
    { ask: "POST /containers/ports/start", status: 204 },
    {
      ask: "GET /containers/ports/json",
      status: 200,
      gives: {
        NetworkSettings: {
          Ports: {
            "90/udp": null,
            "80/tcp": expect.arrayContaining([
              expect.objectContaining({ HostIp: "0.0.0.0", HostPort: expect.stringMatching(/^\d+$/) as string }),
            ]) as object,
            "82/tcp": [{ HostIp: "127.0.0.1", HostPort: expect.stringMatching(/^[1-9]\d+$/) as string }],
          },
        },
      },
      trap: "ports without a host's get a random one; exposed ones are null (tc-node)",
      differs: "a dockerd for tests runs without iptables, and publishes nothing",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, HostConfig: { PortBindings: { "80/xyz": [{ HostPort: "1" }] } } },
      status: 400,
      gives: /invalid (proto|port)/i,
      trap: "a protocol is checked",
      differs: "dockerd takes it, and fails at the start",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "99999" }] } } },
      status: 400,
      gives: "invalid",
      trap: "a host's port is checked",
    },

    {
      ask: "POST /containers/create?name=limits",
      body: {
        ...SLEEP,
        HostConfig: {
          NanoCpus: 500_000_000,
          Memory: 67_108_864,
          Ulimits: [{ Name: "nofile", Soft: 100, Hard: 200 }],
          DeviceCgroupRules: ["c 1:3 mr"],
          CapAdd: ["NET_ADMIN"],
          CapDrop: ["CAP_CHOWN"],
          ShmSize: 1_048_576,
          Sysctls: { "net.ipv4.ip_forward": "1" },
        },
      },
      status: 201,
      trap: "limits, ulimits, rules and sysctls in one request (podman#9523, #25881)",
    },
    {
      ask: "GET /containers/limits/json",
      status: 200,
      gives: {
        HostConfig: {
          NanoCpus: 500_000_000,
          Memory: 67_108_864,
          MemorySwap: 134_217_728,
          ShmSize: 1_048_576,
          Ulimits: [{ Name: "nofile", Soft: 100, Hard: 200 }],
          CapAdd: ["NET_ADMIN"],
          CapDrop: ["CAP_CHOWN"],
        },
      },
      trap: "capabilities are shown as they were given; swap is twice the memory",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, HostConfig: { NanoCpus: 1_000_000_000_000 } },
      status: 400,
      gives: "range of CPUs is from 0.01 to",
      trap: "more CPUs than there are",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, HostConfig: { Memory: 1024 } },
      status: 400,
      gives: "Minimum memory limit allowed is 6MB",
      trap: "too little memory",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, HostConfig: { DeviceRequests: [{ Driver: "", Count: -1, Capabilities: [["gpu"]] }] } },
      status: 400,
      gives: 'could not select device driver "" with capabilities: [[gpu]]',
      trap: "no GPU is a clear error (podman#17106)",
      differs: "dockerd finds out at the start, with this text",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, HostConfig: { RestartPolicy: { Name: "sometimes" } } },
      status: 400,
      gives: "invalid restart policy: unknown policy 'sometimes'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
      trap: "a restart policy is checked",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, HostConfig: { AutoRemove: true, RestartPolicy: { Name: "always" } } },
      status: 400,
      gives: "can't create 'AutoRemove' container with restart policy",
      trap: "--rm and --restart",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, HostConfig: { Runtime: "nosuch" } },
      status: 400,
      gives: "unknown or invalid runtime name: nosuch",
      trap: "a runtime is checked",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, HostConfig: { Isolation: "hyperv" } },
      status: 400,
      gives: "isolation",
      trap: "Windows' isolation",
    },
    { ask: "POST /containers/create?platform=linux/s390x", body: SLEEP, status: 404, trap: "a platform is honoured (podman b1c0023424)" },
    { ask: "POST /containers/create?platform=nonsense/x/y/z", body: SLEEP, status: 400, trap: "a platform is checked" },

    { ask: "POST /containers/create?name=joined", body: { ...SLEEP, HostConfig: { NetworkMode: "container:plain" } }, status: 201 },
    {
      ask: "GET /containers/joined/json",
      status: 200,
      gives: {
        HostConfig: { NetworkMode: expect.stringMatching(/^container:[0-9a-f]{64}$/) as string },
        NetworkSettings: { Networks: {} },
      },
      trap: "container:X is kept by id",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, HostConfig: { NetworkMode: "container:plain", PortBindings: { "80/tcp": [{}] } } },
      status: 400,
      gives: "conflicting options: port publishing and the container type network mode",
      trap: "no ports in another's network",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, Hostname: "x", HostConfig: { NetworkMode: "container:plain" } },
      status: 400,
      gives: "conflicting options: hostname and the network mode",
      trap: "no hostname either",
    },
    {
      ask: "POST /containers/create?name=nonet",
      body: { ...SLEEP, HostConfig: { NetworkMode: "nosuchnet" } },
      status: 201,
      trap: "a missing network is found at the start: 404 at a create would mean the image",
    },
    { ask: "POST /containers/nonet/start", status: 404, gives: "network nosuchnet not found", trap: "" },

    {
      ask: "POST /containers/create?name=mac",
      body: { ...SLEEP, MacAddress: "02:42:AC:11:00:99" },
      status: 201,
      gives: { Warnings: ["The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead."] },
      trap: "the container's own MacAddress (podman#16411)",
    },
    {
      ask: "GET /containers/mac/json",
      status: 200,
      gives: { NetworkSettings: { Networks: { bridge: { MacAddress: "02:42:AC:11:00:99" } } } },
      trap: "… is its endpoint's",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, NetworkingConfig: { EndpointsConfig: { bridge: { MacAddress: "zz" } } } },
      status: 400,
      gives: "invalid config for network bridge: invalid MAC address zz",
      trap: "a MAC address is checked",
    },
    {
      ask: "POST /v1.43/containers/create",
      body: { ...SLEEP, NetworkingConfig: { EndpointsConfig: { a: {}, b: {} } } },
      status: 400,
      gives: "Container cannot be created with multiple network endpoints",
      trap: "several endpoints need 1.44",
    },
    { ask: "POST /containers/create?name=stop", body: { ...SLEEP, StopSignal: "SIGINT", StopTimeout: 7 }, status: 201 },
    {
      ask: "GET /containers/stop/json",
      status: 200,
      gives: { Config: { StopSignal: "SIGINT", StopTimeout: 7 } },
      trap: "StopSignal and StopTimeout are shown (podman 2.1 notes)",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, StopSignal: "SIGNOSUCH" },
      status: 400,
      gives: "invalid signal: SIGNOSUCH",
      trap: "a signal is checked",
    },
    {
      ask: "POST /containers/create",
      body: { ...SLEEP, WorkingDir: "relative" },
      status: 400,
      gives: "the working directory 'relative' is invalid, it needs to be an absolute path",
      trap: "a working directory is absolute",
    },
    {
      ask: "POST /containers/create",
      body: Buffer.from("{"),
      headers: { "content-type": "application/json" },
      status: 400,
      gives: "invalid JSON",
      trap: "broken JSON",
    },
    { ask: "POST /containers/create", status: 400, gives: "invalid JSON: got EOF while reading request body", trap: "no body at all" },
    {
      ask: "POST /containers/create",
      body: { Image: BUSYBOX, Env: "A=b" },
      status: 400,
      gives: "cannot unmarshal",
      trap: "a wrong type is named",
    },
    {
      ask: "POST /containers/create?name=nocase",
      body: { image: BUSYBOX, hostconfig: { networkmode: "none" } },
      status: 201,
      trap: "field names match without regard to case, as in Go",
    },
  ],
);
