import { describe, expect, it } from "vitest";
import type { ContainerConfig, HostConfig } from "#spec/docker-api/types.ts";
import type { OciMount, OciSpec } from "#spec/oci-runtime/spec.ts";
import { capabilityNames } from "#sys/host/host-facts.ts";
import { ociSpec } from "./spec.ts";
import { deviceDenials } from "./spec/devices/devices.ts";
import type { ContainerMount, HostFacts, SpecInput } from "./spec-input.ts";

const host: HostFacts = {
  architecture: "amd64",
  capabilities: capabilityNames.filter((name) => name !== "CAP_SYS_RESOURCE"),
  cgroup: "v2",
  rlimits: { RLIMIT_NOFILE: 20_000n },
  cpus: 2,
  memoryBytes: 4e9,
  runtime: "runc",
  kernel: [6, 1],
};

function input(hostConfig: HostConfig = {}, config: ContainerConfig = {}, overrides: Partial<SpecInput> = {}): SpecInput {
  return {
    id: "abc",
    config: { Cmd: ["true"], ...config },
    hostConfig,
    rootfs: "/data/root",
    hostname: "box",
    user: { uid: 0, gid: 0, additionalGids: [0], home: "/root" },
    mounts: [],
    files: { resolvConf: "/d/resolv.conf", hostname: "/d/hostname", hosts: "/d/hosts" },
    netns: "/run/dhow/netns/abc",
    joined: {},
    shmPath: undefined,
    devices: { nodes: [], disks: {} },
    cgroupPath: "/dhow/abc",
    host,
    defaults: {
      shmSize: 64 << 20,
      seccompProfile: undefined,
      noNewPrivileges: false,
      ulimits: [],
      cgroupNamespace: "private",
      init: false,
    },
    ...overrides,
  };
}

const spec = (...parameters: Parameters<typeof input>): OciSpec => ociSpec(input(...parameters));
const mountAt = (made: OciSpec, destination: string): OciMount | undefined =>
  made.mounts.find((mount) => mount.destination === destination);
const bindOf = (fields: Partial<ContainerMount>): ContainerMount => ({
  type: "bind",
  target: "/m",
  source: "/host",
  readOnly: false,
  propagation: "rprivate",
  options: ["rbind"],
  ...fields,
});

describe("a container that asks for nothing", () => {
  const made = spec();

  it("is this process", () => {
    expect(made.process).toMatchObject({
      terminal: false,
      user: { uid: 0, gid: 0, additionalGids: [0] },
      args: ["true"],
      env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=box", "HOME=/root"],
      cwd: "/",
      noNewPrivileges: false,
      oomScoreAdj: 0,
    });
    expect(made.process.capabilities?.bounding).toHaveLength(14);
    expect(made.process.rlimits).toBeUndefined();
  });

  it("stands in these name spaces, with these mounts", () => {
    expect(made.linux?.namespaces).toEqual([
      { type: "mount" },
      { type: "pid" },
      { type: "ipc" },
      { type: "uts" },
      { type: "network", path: "/run/dhow/netns/abc" },
      { type: "cgroup" },
    ]);
    expect(made.mounts.map(({ destination, type, options }) => `${destination} ${type} ${options?.join(",")}`)).toEqual([
      "/proc proc nosuid,noexec,nodev",
      "/dev tmpfs nosuid,strictatime,mode=755,size=65536k",
      "/dev/pts devpts nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5",
      "/sys sysfs nosuid,noexec,nodev,ro",
      "/sys/fs/cgroup cgroup nosuid,noexec,nodev,ro",
      "/dev/mqueue mqueue nosuid,noexec,nodev",
      "/dev/shm tmpfs nosuid,noexec,nodev,mode=1777,size=67108864",
      "/etc/resolv.conf bind rbind,rw,rprivate",
      "/etc/hostname bind rbind,rw,rprivate",
      "/etc/hosts bind rbind,rw,rprivate",
    ]);
  });

  it("has these rules and no more", () => {
    expect(made.root).toEqual({ path: "/data/root", readonly: false });
    expect(made.linux?.cgroupsPath).toBe("/dhow/abc");
    expect(Object.keys(made.linux?.resources ?? {})).toEqual(["devices"]);
    expect(made.linux?.sysctl).toEqual({ "net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647" });
    expect(made.linux?.maskedPaths).toContain("/proc/keys");
    expect(made.linux?.readonlyPaths).toEqual(["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]);
    expect(made.linux?.seccomp?.defaultAction).toBe("SCMP_ACT_ERRNO");
    expect(made.annotations).toEqual({});
    expect(made.hostname).toBe("box");
  });
});

describe("the process", () => {
  it.each([
    [{ Entrypoint: ["/e"], Cmd: ["a", "b"] }, ["/e", "a", "b"]],
    [{ Entrypoint: [""], Cmd: ["a"] }, ["a"]],
    [{ Entrypoint: ["/e"], Cmd: [] }, ["/e"]],
  ])("%j runs %j", (config, args) => {
    expect(spec({}, config).process.args).toEqual(args);
  });

  it("has to be something", () => {
    expect(() => spec({}, { Cmd: [] })).toThrow("no command specified");
    expect(() => spec({}, { Cmd: [], Entrypoint: [""] })).toThrow("no command specified");
  });

  it("has the environment in Docker's order", () => {
    const config = { Tty: true, Env: ["B=1", "PATH=/bin", "HOSTNAME", "B=2", "TERM=vt100", "X=a=b", "EMPTY="] };
    expect(spec({}, config).process.env).toEqual(["PATH=/bin", "TERM=vt100", "B=2", "X=a=b", "EMPTY=", "HOME=/root"]);
    expect(spec({}, { Env: ["HOME=/h"] }).process.env.slice(2)).toEqual(["HOME=/h"]);
    expect(spec({}, { Tty: true }).process.env).toContain("TERM=xterm");
  });

  it("has a terminal of the size that was asked for", () => {
    expect(spec({ ConsoleSize: [24, 80] }, { Tty: true }).process).toMatchObject({
      terminal: true,
      consoleSize: { height: 24, width: 80 },
    });
    expect(spec({ ConsoleSize: [24, 80] }).process.consoleSize).toBeUndefined();
  });

  it("holds no capability as a user", () => {
    const user = { uid: 1000, gid: 1000, additionalGids: [1000], home: "/" };
    const { capabilities } = spec({}, {}, { user }).process;
    expect(capabilities).toMatchObject({ effective: [], permitted: [], inheritable: [], ambient: [] });
    expect(capabilities?.bounding).toHaveLength(14);
  });

  it.each([
    [{ CapDrop: ["ALL"] }, []],
    [{ CapDrop: ["all"], CapAdd: ["cap_chown", "NET_ADMIN"] }, ["CAP_CHOWN", "CAP_NET_ADMIN"]],
    [{ CapAdd: ["ALL"], CapDrop: ["SYS_ADMIN"] }, host.capabilities.filter((name) => name !== "CAP_SYS_ADMIN")],
    [{ Privileged: true, CapDrop: ["SYS_ADMIN"] }, host.capabilities],
  ])("%j holds what is available of it", (hostConfig, expected) => {
    expect(spec(hostConfig).process.capabilities?.effective).toEqual(expected);
  });

  it("lowers the daemon's default limits to what it may give, and writes infinity exactly", () => {
    const ulimits = [{ name: "nofile", soft: 1024, hard: 1_048_576 }];
    const made = spec({ Ulimits: [{ Name: "memlock", Soft: -1, Hard: -1 }] }, {}, { defaults: { ...input().defaults, ulimits } });
    expect(JSON.stringify(made.process.rlimits)).toBe(
      '[{"type":"RLIMIT_NOFILE","soft":1024,"hard":20000},{"type":"RLIMIT_MEMLOCK","soft":18446744073709551615,"hard":18446744073709551615}]',
    );
  });

  it("starts behind an init, where there is one", () => {
    const made = spec({ Init: true }, {}, { initPath: "/usr/bin/tini-static" });
    expect(made.process.args).toEqual(["/sbin/docker-init", "--", "true"]);
    expect(mountAt(made, "/sbin/docker-init")).toMatchObject({ source: "/usr/bin/tini-static", options: ["bind", "ro"] });
    expect(() => spec({ Init: true })).toThrow("HostConfig.Init: no static init binary");
  });

  it("never gets a lower oom score than the daemon can give", () => {
    expect(spec({ OomScoreAdj: 300 }, {}, { host: { ...host, oomScoreAdj: 200 } }).process.oomScoreAdj).toBe(300);
    expect(spec({}, {}, { host: { ...host, oomScoreAdj: 200 } }).process.oomScoreAdj).toBe(200);
    expect(spec({}, {}, { host: { ...host, oomScoreAdj: -500 } }).process.oomScoreAdj).toBe(0);
  });
});

describe("security options", () => {
  it.each([
    [["no-new-privileges"], true],
    [["no-new-privileges=false"], false],
    [["no-new-privileges:true"], true],
  ])("%j", (SecurityOpt, expected) => {
    expect(spec({ SecurityOpt }).process.noNewPrivileges).toBe(expected);
  });

  it("chooses the seccomp profile", () => {
    const profileOf = (hostConfig: HostConfig, overrides: Partial<SpecInput> = {}): string | undefined =>
      spec(hostConfig, {}, overrides).linux?.seccomp?.defaultAction;
    const own = JSON.stringify({ defaultAction: "SCMP_ACT_LOG" });
    const daemons = { defaults: { ...input().defaults, seccompProfile: { defaultAction: "SCMP_ACT_TRAP" } } };
    expect(profileOf({ SecurityOpt: ["seccomp=unconfined"] })).toBeUndefined();
    expect(profileOf({ SecurityOpt: [`seccomp=${own}`] })).toBe("SCMP_ACT_LOG");
    expect(profileOf({}, daemons)).toBe("SCMP_ACT_TRAP");
    expect(profileOf({ SecurityOpt: ["seccomp=builtin"] }, daemons)).toBe("SCMP_ACT_ERRNO");
    expect(profileOf({ Privileged: true }, daemons)).toBeUndefined();
    expect(profileOf({ Privileged: true, SecurityOpt: [`seccomp=${own}`] })).toBe("SCMP_ACT_LOG");
  });

  it("hands crun the finished program of the built-in profile, and of no other", () => {
    const crun = { host: { ...host, runtime: "crun" } };
    expect(Object.keys(spec({ Annotations: { mine: "1" } }, {}, crun).annotations ?? {})).toEqual(["mine", "run.oci.seccomp_bpf_data"]);
    expect(spec({ SecurityOpt: ["seccomp=unconfined"] }, {}, crun).annotations).toEqual({});
    expect(spec({ SecurityOpt: ['seccomp={"defaultAction":"SCMP_ACT_LOG"}'] }, {}, crun).annotations).toEqual({});
    expect(spec({}, {}, { host: { ...crun.host, architecture: "arm64" } }).annotations).toEqual({});
  });

  it("masks what HostConfig says, else the defaults, and nothing when privileged", () => {
    expect(spec({ MaskedPaths: [], ReadonlyPaths: ["/proc/x"] }).linux).toMatchObject({ maskedPaths: [], readonlyPaths: ["/proc/x"] });
    expect(spec({ Privileged: true }).linux).toMatchObject({ maskedPaths: [], readonlyPaths: [] });
    const thermalThrottlePaths = ["/sys/devices/system/cpu/cpu0/thermal_throttle"];
    expect(spec({}, {}, { host: { ...host, thermalThrottlePaths } }).linux?.maskedPaths).toContain(thermalThrottlePaths[0]);
  });

  it("takes nothing from labels", () => {
    expect(spec({}, { Labels: { "run.oci.handler": "wasm", "module.wasm.image/variant": "compat" } }).annotations).toEqual({});
  });
});

describe("name spaces", () => {
  const kinds = (made: OciSpec): string[] =>
    (made.linux?.namespaces ?? []).map(({ type, path }) => (path === undefined ? type : `${type}=${path}`));

  it.each([
    [{ PidMode: "host" }, {}, ["mount", "ipc", "uts", "network=/run/dhow/netns/abc", "cgroup"]],
    [
      { PidMode: "container:x" },
      { joined: { pid: "/proc/9/ns/pid" } },
      ["mount", "pid=/proc/9/ns/pid", "ipc", "uts", "network=/run/dhow/netns/abc", "cgroup"],
    ],
    [{ IpcMode: "host", UTSMode: "host", CgroupnsMode: "host" }, { netns: undefined }, ["mount", "pid"]],
  ] as const)("%j", (hostConfig, overrides, expected) => {
    expect(kinds(spec(hostConfig, {}, overrides))).toEqual(expected);
  });

  it("shows a privileged container the host's groups on v1", () => {
    const v1 = { host: { ...host, cgroup: "v1" as const } };
    expect(kinds(spec({ Privileged: true }, {}, v1))).not.toContain("cgroup");
    expect(kinds(spec({ Privileged: true, CgroupnsMode: "private" }, {}, v1))).toContain("cgroup");
    expect(kinds(spec({ Privileged: true }))).toContain("cgroup");
  });

  it("sets no name and no sysctl in the host's name spaces", () => {
    const made = spec({ UTSMode: "host", NetworkMode: "host" }, { Domainname: "lan" }, { netns: undefined });
    expect(made.hostname).toBeUndefined();
    expect(made.linux?.sysctl).toEqual({});
    expect(spec({}, { Domainname: "lan" }, { joined: { uts: "/proc/1/ns/uts" } }).hostname).toBeUndefined();
    expect(spec({ NetworkMode: "container:x" }).linux?.sysctl).toEqual({});
    expect(spec({}, { Domainname: "lan" }).linux?.sysctl).toHaveProperty("kernel.domainname", "lan");
  });
});

describe("mounts", () => {
  it.each([
    [{}, ["rbind", "rprivate"]],
    [{ readOnly: true }, ["rbind", "rro", "rprivate"]],
    [{ readOnly: true, options: ["rbind", "ro"] }, ["rbind", "ro", "rprivate"]],
    [{ options: ["bind"], propagation: "rslave" }, ["bind", "rslave"]],
    [{ propagation: "" }, ["rbind", "rprivate"]],
  ])("%j", (fields, options) => {
    expect(mountAt(spec({}, {}, { mounts: [bindOf(fields)] }), "/m")).toEqual({
      destination: "/m",
      type: "bind",
      source: "/host",
      options,
    });
  });

  it("is read-only at the top alone on a kernel that knows no more", () => {
    const made = spec({}, {}, { mounts: [bindOf({ readOnly: true })], host: { ...host, kernel: [5, 11] } });
    expect(mountAt(made, "/m")?.options).toContain("ro");
  });

  it("mounts a folder before what lies in it, and takes a default's place", () => {
    const mounts = ["/a/b/c", "/dev/shm", "/a", "/etc/hosts", "/a/b"].map((target) => bindOf({ target }));
    const made = spec({}, {}, { mounts }).mounts.map(({ destination }) => destination);
    expect(made.slice(-5)).toEqual(["/a", "/a/b", "/dev/shm", "/etc/hosts", "/a/b/c"]);
    expect(made.filter((path) => path === "/dev/shm" || path === "/etc/hosts")).toHaveLength(2);
  });

  it("leaves /dev alone when it is the host's", () => {
    const made = spec(
      { Privileged: true },
      {},
      { mounts: [bindOf({ target: "/dev", source: "/dev" })], devices: { nodes: [], disks: {} } },
    );
    expect(made.mounts.filter(({ destination }) => destination.startsWith("/dev")).map(({ source }) => source)).toEqual(["/dev"]);
  });

  it("keeps programs out of a tmpfs unless asked", () => {
    const made = spec({ Tmpfs: { "/run/": "size=1m,exec", "/t": "" } });
    expect(mountAt(made, "/run")?.options).toEqual(["exec", "nosuid", "nodev", "size=1m"]);
    expect(mountAt(made, "/t")?.options).toEqual(["noexec", "nosuid", "nodev"]);
    expect(mountAt(spec({ Tmpfs: { "/link": "" } }, {}, { tmpfs: { "/real": "" } }), "/real")).toBeDefined();
  });

  it("keeps everything read-only with the root, but what must be written", () => {
    const made = spec({ ReadonlyRootfs: true }, {}, { mounts: [bindOf({})] });
    const writable = made.mounts
      .filter(({ options = [] }) => !options.includes("ro") && !options.includes("rro"))
      .map(({ destination }) => destination);
    expect(made.root.readonly).toBe(true);
    expect(writable).toEqual(["/proc", "/dev", "/dev/pts", "/dev/mqueue", "/dev/shm", "/m"]);
  });

  it.each([
    [{ IpcMode: "none" }, undefined, undefined],
    [{ IpcMode: "host" }, undefined, "/dev/shm"],
    [{ IpcMode: "shareable" }, "/run/dhow/shm/abc", "/run/dhow/shm/abc"],
    [{ ShmSize: 1024 }, undefined, "shm"],
  ])("%j shares memory by %j", (hostConfig, shmPath, source) => {
    expect(mountAt(spec(hostConfig, {}, { shmPath }), "/dev/shm")?.source).toBe(source);
  });

  it("opens the groups to the privileged, and to whoever asks", () => {
    const optionsOf = (hostConfig: HostConfig): string[] => mountAt(spec(hostConfig), "/sys/fs/cgroup")?.options ?? [];
    expect(optionsOf({ Privileged: true })).not.toContain("ro");
    expect(optionsOf({ SecurityOpt: ["writable-cgroups=true"] })).not.toContain("ro");
    const v1 = spec({}, {}, { host: { ...host, cgroup: "v1" } }).mounts.filter(({ destination }) => destination === "/sys/fs/cgroup");
    expect(v1.map(({ options }) => options?.[0])).toEqual(["nosuid", "remount"]);
  });

  it.each([
    ["rshared", "shared"],
    ["slave", "rslave"],
    ["rprivate", undefined],
  ])("a mount that is %s needs a root that is %s", (propagation, expected) => {
    expect(spec({}, {}, { mounts: [bindOf({ propagation })] }).linux?.rootfsPropagation).toBe(expected);
  });
});

describe("resources", () => {
  const resources = (hostConfig: HostConfig, overrides: Partial<HostFacts> = {}): object => {
    const { devices: _, ...rest } =
      spec(hostConfig, {}, { host: { ...host, ...overrides }, devices: { nodes: [], disks: { "/dev/sda": { major: 8, minor: 0 } } } }).linux
        ?.resources ?? {};
    return rest;
  };

  it.each([
    [{ Memory: 1e8 }, { memory: { limit: 1e8, swap: 2e8 } }],
    [{ Memory: 1e8, MemorySwap: -1 }, { memory: { limit: 1e8, swap: -1 } }],
    [{ Memory: 1e8, MemorySwap: 1e8, MemoryReservation: 5e7 }, { memory: { limit: 1e8, reservation: 5e7, swap: 1e8 } }],
    [{ NanoCpus: 1.5e9 }, { cpu: { period: 100_000, quota: 150_000 } }],
    [{ CpuShares: 1, CpusetCpus: "0", CpusetMems: "0" }, { cpu: { shares: 2, cpus: "0", mems: "0" } }],
    [{ CpuPeriod: 50_000, CpuQuota: -1 }, { cpu: { period: 50_000, quota: -1 } }],
    [{ PidsLimit: 10 }, { pids: { limit: 10 } }],
    [{ PidsLimit: -1 }, {}],
    [
      { BlkioWeight: 300, BlkioDeviceReadBps: [{ Path: "/dev/sda", Rate: 9 }] },
      { blockIO: { weight: 300, throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 9 }] } },
    ],
    [{ MemorySwappiness: 10, OomKillDisable: true }, {}],
  ])("%j", (hostConfig, expected) => {
    expect(resources(hostConfig)).toEqual(expected);
  });

  it("leaves out what this host cannot limit", () => {
    expect(resources({ Memory: 1e8, BlkioWeight: 300 }, { swapLimit: false, blkioWeight: false })).toEqual({ memory: { limit: 1e8 } });
    expect(resources({ MemorySwappiness: 0, OomKillDisable: true }, { cgroup: "hybrid" })).toEqual({
      memory: { swappiness: 0, disableOOMKiller: true },
    });
  });

  it("gives devices: nodes and rules", () => {
    const node = { path: "/dev/fuse", type: "c", major: 10, minor: 229, fileMode: 0o666, uid: 0, gid: 0 } as const;
    const made = spec(
      { Devices: [{ PathOnHost: "/dev/fuse" }], DeviceCgroupRules: ["b 7:* rm"] },
      {},
      { devices: { nodes: [{ ...node, source: node.path, access: "rwm" }], disks: {} } },
    );
    expect(made.linux?.devices).toEqual([node]);
    expect(made.linux?.resources?.devices?.slice(-2)).toEqual([
      { allow: true, type: "c", major: 10, minor: 229, access: "rwm" },
      { allow: true, type: "b", major: 7, access: "rm" },
    ]);
    expect(spec({ Privileged: true }).linux?.resources?.devices).toEqual([{ allow: true, access: "rwm" }]);
    expect(() => spec({ Devices: [{ PathOnHost: "/dev/fuse" }] }, {}, { devices: undefined })).toThrow("devices were not looked up");
  });

  it("tells a v1 driver what runc lets through by itself", () => {
    const denials = (hostConfig: HostConfig, overrides: Partial<SpecInput> = {}): string[] =>
      deviceDenials(spec(hostConfig, {}, overrides).linux?.resources?.devices ?? []);
    const node = { path: "/dev/net/tun", source: "/dev/net/tun", type: "c", major: 10, minor: 200 } as const;
    const tun = { ...node, fileMode: 0o666, uid: 0, gid: 0, access: "rwm" };
    expect(denials({})).toEqual(["c 10:200 rwm", "c 10:229 rwm"]);
    expect(denials({}, { devices: { nodes: [tun], disks: {} } })).toEqual(["c 10:229 rwm"]);
    expect(denials({ DeviceCgroupRules: ["a *:* rwm"] })).toEqual([]);
    expect(denials({ DeviceCgroupRules: ["c 10:200 rwm"] })).toEqual(["c 10:229 rwm"]);
    expect(denials({ DeviceCgroupRules: ["c 10:* rw"] })).toEqual([]);
    expect(denials({ DeviceCgroupRules: ["c 10:* m"] })).toHaveLength(2);
    expect(denials({ DeviceCgroupRules: ["b 10:200 rwm"] })).toHaveLength(2);
    expect(denials({ DeviceCgroupRules: ["c 10:200 r"] })).toEqual(["c 10:200 w", "c 10:229 rwm"]);
    expect(denials({}, { devices: { nodes: [{ ...tun, access: "wm" }], disks: {} } })).toEqual(["c 10:200 r", "c 10:229 rwm"]);
    expect(denials({ Privileged: true })).toEqual([]);
  });
});
