import { describe, expect, test } from "vitest";
import type { Container } from "#container/record/container.ts";
import type { InspectedContainer } from "#container/list/inspect.ts";
import { volumeAt } from "#container/testing/fake-peers.ts";
import { inspectView } from "./container-inspect.ts";
import { commandText, containerRow, containerSummary, portSummaries } from "./container-summary.ts";

const image = `sha256:${"c".repeat(64)}` as const;
const id = "18ab7af66703281b7f765443c0c52a3bf411eb5b8f8471a52da08437ae35172c";

const created: Container = {
  id,
  name: "min",
  created: Date.parse("2026-11-24T04:46:15.062Z"),
  config: {
    Hostname: "18ab7af66703",
    Env: ["PATH=/bin"],
    Cmd: ["sh"],
    Image: "bb:plain",
    Labels: {},
    ExposedPorts: {},
    Volumes: {},
    User: "",
    WorkingDir: "",
  },
  hostConfig: {
    NetworkMode: "bridge",
    RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
    LogConfig: { Type: "json-file", Config: {} },
    IpcMode: "private",
    CgroupnsMode: "host",
    ShmSize: 67_108_864,
    Runtime: "runc",
    MaskedPaths: ["/proc/acpi"],
    ReadonlyPaths: ["/proc/sys"],
    PidsLimit: undefined,
  },
  endpoints: { bridge: {} },
  image: { id: image, reference: "bb:plain", os: "linux", topLayer: undefined, manifest: undefined },
  mounts: [],
  restartCount: 0,
  state: { status: "created" },
};

function inspected(container: Container, change: Partial<InspectedContainer> = {}): InspectedContainer {
  const paths = {
    folder: "/c",
    logs: "/c/logs",
    log: "/c/log",
    hosts: "/c/hosts",
    hostname: "/c/hostname",
    resolvConf: "/c/resolv.conf",
    bundle: "/b",
    sharedMemory: "/s",
  };
  return {
    container,
    sandbox: undefined,
    health: undefined,
    sizes: undefined,
    apparmorProfile: "dhow-default",
    paths,
    driver: "overlay2",
    links: undefined,
    execIds: [],
    ...change,
  };
}

const emptyEndpoint = {
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  MacAddress: "",
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: "",
  EndpointID: "",
  Gateway: "",
  IPAddress: "",
  IPPrefixLen: 0,
  IPv6Gateway: "",
  GlobalIPv6Address: "",
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
};

/** What dockerd 28.5 answers for `{"Image":"bb:plain"}`, but for lists of paths and the storage driver's own data. */
const reference = JSON.parse(
  `{"Id":"${id}","Created":"2026-11-24T04:46:15.062Z","Path":"sh","Args":[],"State":{"Status":"created","Running":false,"Paused":false,` +
    `"Restarting":false,"OOMKilled":false,"Dead":false,"Pid":0,"ExitCode":0,"Error":"","StartedAt":"0001-01-01T00:00:00Z",` +
    `"FinishedAt":"0001-01-01T00:00:00Z"},"Image":"${image}","ResolvConfPath":"","HostnamePath":"","HostsPath":"","LogPath":"","Name":"/min",` +
    `"RestartCount":0,"Driver":"overlay2","Platform":"linux","MountLabel":"","ProcessLabel":"","AppArmorProfile":"","ExecIDs":null,` +
    `"HostConfig":{"Binds":null,"ContainerIDFile":"","LogConfig":{"Type":"json-file","Config":{}},"NetworkMode":"bridge","PortBindings":null,` +
    `"RestartPolicy":{"Name":"no","MaximumRetryCount":0},"AutoRemove":false,"VolumeDriver":"","VolumesFrom":null,"ConsoleSize":[0,0],` +
    `"CapAdd":null,"CapDrop":null,"CgroupnsMode":"host","Dns":null,"DnsOptions":null,"DnsSearch":null,"ExtraHosts":null,"GroupAdd":null,` +
    `"IpcMode":"private","Cgroup":"","Links":null,"OomScoreAdj":0,"PidMode":"","Privileged":false,"PublishAllPorts":false,` +
    `"ReadonlyRootfs":false,"SecurityOpt":null,"UTSMode":"","UsernsMode":"","ShmSize":67108864,"Runtime":"runc","Isolation":"","CpuShares":0,` +
    `"Memory":0,"NanoCpus":0,"CgroupParent":"","BlkioWeight":0,"BlkioWeightDevice":null,"BlkioDeviceReadBps":null,"BlkioDeviceWriteBps":null,` +
    `"BlkioDeviceReadIOps":null,"BlkioDeviceWriteIOps":null,"CpuPeriod":0,"CpuQuota":0,"CpuRealtimePeriod":0,"CpuRealtimeRuntime":0,` +
    `"CpusetCpus":"","CpusetMems":"","Devices":null,"DeviceCgroupRules":null,"DeviceRequests":null,"MemoryReservation":0,"MemorySwap":0,` +
    `"MemorySwappiness":null,"OomKillDisable":false,"PidsLimit":null,"Ulimits":null,"CpuCount":0,"CpuPercent":0,"IOMaximumIOps":0,` +
    `"IOMaximumBandwidth":0,"MaskedPaths":["/proc/acpi"],"ReadonlyPaths":["/proc/sys"]},"GraphDriver":{"Data":null,"Name":"overlay2"},` +
    `"Mounts":[],"Config":{"Hostname":"18ab7af66703","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,"AttachStderr":false,` +
    `"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":["PATH=/bin"],"Cmd":["sh"],"Image":"bb:plain","Volumes":null,"WorkingDir":"",` +
    `"Entrypoint":null,"OnBuild":null,"Labels":{}},"NetworkSettings":{"Bridge":"","SandboxID":"","SandboxKey":"","Ports":{},` +
    `"HairpinMode":false,"LinkLocalIPv6Address":"","LinkLocalIPv6PrefixLen":0,"SecondaryIPAddresses":null,"SecondaryIPv6Addresses":null,` +
    `"EndpointID":"","Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"IPAddress":"","IPPrefixLen":0,"IPv6Gateway":"",` +
    `"MacAddress":"","Networks":{"bridge":${JSON.stringify(emptyEndpoint)}}}}`,
) as Record<string, unknown>;

const wire = (value: object): Record<string, unknown> => JSON.parse(JSON.stringify(value)) as Record<string, unknown>;

describe("inspect", () => {
  test("a created container is what dockerd shows, field by field, in its order", () => {
    const view = wire(inspectView(inspected(created), [1, 51]));
    expect(view).toEqual(reference);
    expect(Object.keys(view)).toEqual(Object.keys(reference));
  });

  test("since 1.52 the network has no fields that say things twice", () => {
    const view = wire(inspectView(inspected(created), [1, 52]));
    expect(Object.keys(view["NetworkSettings"] as object)).toEqual(["SandboxID", "SandboxKey", "Ports", "Networks"]);
  });

  test("a running one: times, pid, paths, network, execs, sizes", () => {
    const container: Container = {
      ...created,
      config: { ...created.config, Entrypoint: ["/e", "x"], ExposedPorts: { "80/tcp": {} }, StopSignal: "INT", StopTimeout: 0 },
      mounts: [volumeAt("/data")],
      state: { status: "running", pid: 7, startedAt: 1000, finishedBefore: 500, stopRequested: false },
    };
    const sandbox = {
      netns: "/run/netns/x",
      endpoints: { bridge: { IPAddress: "10.0.0.2", Gateway: "10.0.0.1", NetworkID: "n", MacAddress: "02:00" } },
      ports: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }], "81/tcp": null },
      files: undefined as never,
    };
    const view = wire(inspectView(inspected(container, { sandbox, execIds: ["e1"], sizes: { writable: 0, root: 9 } }), [1, 51]));
    expect(view).toMatchObject({
      Path: "/e",
      Args: ["x", "sh"],
      State: { Status: "running", Running: true, Pid: 7, StartedAt: "1970-01-01T00:00:01.000Z", FinishedAt: "1970-01-01T00:00:00.500Z" },
      HostsPath: "/c/hosts",
      LogPath: "/c/log",
      ExecIDs: ["e1"],
      SizeRw: 0,
      SizeRootFs: 9,
      Mounts: [
        {
          Type: "volume",
          Name: "v-data",
          Source: "/volumes/data",
          Destination: "/data",
          Driver: "local",
          Mode: "",
          RW: true,
          Propagation: "",
        },
      ],
      Config: { ExposedPorts: { "80/tcp": {} }, StopSignal: "INT", StopTimeout: 0 },
      NetworkSettings: {
        SandboxKey: "/run/netns/x",
        IPAddress: "10.0.0.2",
        Ports: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }], "81/tcp": null },
        Networks: { bridge: { IPAddress: "10.0.0.2", IPAMConfig: null, Aliases: null } },
      },
    });
    expect(view["State"]).not.toHaveProperty("Health");
  });

  test("a failed start, a restart, and an end for want of memory", () => {
    const failed = { ...created, state: { status: "created", failure: { exitCode: 127, message: "no such file" } } } as const;
    expect(wire(inspectView(inspected(failed), [1, 51]))["State"]).toMatchObject({
      Status: "created",
      ExitCode: 127,
      Error: "no such file",
    });
    const last = { startedAt: 1, finishedAt: 2, exitCode: 137, oomKilled: true, error: "" };
    const restarting = { ...created, state: { status: "restarting", last } } as const;
    expect(wire(inspectView(inspected(restarting), [1, 51]))["State"]).toMatchObject({
      Status: "restarting",
      Running: true,
      Restarting: true,
      OOMKilled: true,
      ExitCode: 137,
      Pid: 0,
    });
  });

  test("what a user asked of a network is kept while it does not run, and shown with what it has while it does", () => {
    const asked = {
      ...created,
      hostConfig: { ...created.hostConfig, NetworkMode: "app" },
      endpoints: { app: { Aliases: ["web"] }, db: {} },
    };
    const networksOf = (change: Partial<InspectedContainer>): unknown =>
      (wire(inspectView(inspected(asked, change), [1, 52]))["NetworkSettings"] as { Networks: unknown }).Networks;
    expect(networksOf({})).toEqual({ app: { ...emptyEndpoint, Aliases: ["web"] }, db: emptyEndpoint });
    const sandbox = {
      netns: undefined,
      endpoints: { app: { IPAddress: "10.0.0.2", Aliases: undefined } },
      ports: {},
      files: undefined as never,
    };
    expect(networksOf({ sandbox })).toMatchObject({ app: { Aliases: ["web"], IPAddress: "10.0.0.2" } });
  });

  test("one in another's network has no networks of its own", () => {
    const joined = { ...created, hostConfig: { ...created.hostConfig, NetworkMode: "container:abc" }, endpoints: {} };
    expect(wire(inspectView(inspected(joined), [1, 52]))["NetworkSettings"]).toMatchObject({ Networks: {} });
  });
});

describe("a row of the list", () => {
  const listed = { container: created, sandbox: undefined, health: undefined, sizes: undefined, imageName: "bb:plain", linkNames: [] };

  test("as dockerd has it", () => {
    expect(wire(containerSummary(listed, [1, 51], created.created))).toEqual({
      Id: id,
      Names: ["/min"],
      Image: "bb:plain",
      ImageID: image,
      Command: "sh",
      Created: 1_795_495_575,
      Ports: [],
      Labels: {},
      State: "created",
      Status: "Created",
      HostConfig: { NetworkMode: "bridge" },
      NetworkSettings: { Networks: { bridge: emptyEndpoint } },
      Mounts: [],
    });
  });

  test("others' names for it come after its own", () => {
    expect(containerSummary({ ...listed, linkNames: ["/web/db"] }, [1, 51], 0)).toMatchObject({ Names: ["/min", "/web/db"] });
  });

  test("since 1.52 it says that there is no health check", () => {
    expect(containerSummary(listed, [1, 52], 0)).toMatchObject({ Health: { Status: "none", FailingStreak: 0 } });
    const health = { status: "unhealthy", failingStreak: 4, log: [] } as const;
    expect(containerSummary({ ...listed, health }, [1, 52], 0)).toMatchObject({ Health: { Status: "unhealthy", FailingStreak: 4 } });
    expect(containerSummary({ ...listed, health }, [1, 51], 0)).not.toHaveProperty("Health");
  });

  test("sizes when they were asked for", () => {
    expect(containerSummary({ ...listed, sizes: { writable: 1, root: 2 } }, [1, 51], 0)).toMatchObject({ SizeRw: 1, SizeRootFs: 2 });
  });

  test("kept as text, it is the same as made anew, whatever of it changed meanwhile", () => {
    const health = { status: "healthy", failingStreak: 0, log: [] } as const;
    const running = { ...listed, container: { ...created, state: { status: "running", startedAt: 0 } as Container["state"] } };
    const sandbox = { netns: undefined, endpoints: {}, ports: { "80/tcp": null }, files: undefined as never };
    const rows: Parameters<typeof containerRow>[] = [
      [running, [1, 51], 0],
      [running, [1, 51], 3_600_000],
      [{ ...running, imageName: "sha256:1" }, [1, 51], 0],
      [{ ...running, linkNames: ["/web/db"] }, [1, 51], 0],
      [{ ...running, health }, [1, 52], 0],
      [{ ...running, health: { ...health, failingStreak: 1 } }, [1, 52], 0],
      [{ ...running, sandbox }, [1, 51], 0],
      [{ ...running, sizes: { writable: 1, root: 2 } }, [1, 51], 0],
      [{ ...running, container: { ...created, name: "other" } }, [1, 51], 0],
      [running, [1, 52], 0],
      [running, [1, 51], 0],
    ];
    const texts = rows.map((row) => containerRow(...row));
    expect(texts).toEqual(rows.map((row) => JSON.stringify(containerSummary(...row))));
    expect(new Set(texts).size).toBe(rows.length - 1);
  });

  test.each([
    [["/e"], ["a b", "c"], "/e 'a b' c"],
    [undefined, ["sh", "-c", "echo hi"], "sh -c 'echo hi'"],
    [undefined, undefined, ""],
  ])("the command of %j and %j is %s", (entrypoint, command, text) => {
    expect(commandText(entrypoint, command)).toBe(text);
  });

  test("ports: one row for each address, exposed ones alone", () => {
    const ports = {
      "80/tcp": [
        { HostIp: "0.0.0.0", HostPort: "8080" },
        { HostIp: "::", HostPort: "8080" },
      ],
      "53/udp": null,
    };
    expect(portSummaries(ports)).toEqual([
      { IP: "0.0.0.0", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
      { IP: "::", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
      { PrivatePort: 53, Type: "udp" },
    ]);
  });
});
