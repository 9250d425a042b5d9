import { describe, expect, it } from "vitest";
import type { ContainerConfig, HostConfig } from "#spec/docker-api/types.ts";
import { capabilityNames } from "#sys/host/host-facts.ts";
import type { HostFacts } from "../spec-input.ts";
import { validateCreate } from "./validate-create.ts";
import { warningsFor } from "./warnings.ts";

const host: HostFacts = {
  architecture: "amd64",
  capabilities: capabilityNames.filter((name) => name !== "CAP_SYS_RESOURCE"),
  cgroup: "hybrid",
  rlimits: { RLIMIT_NOFILE: 20_000n, RLIMIT_CORE: -1n },
  cpus: 2,
  memoryBytes: 4e9,
  runtime: "crun",
  kernel: [6, 1],
};
const MB = 1024 * 1024;

function validate(hostConfig: HostConfig, config: ContainerConfig = {}, facts: HostFacts = host): void {
  validateCreate({ Cmd: ["true"], ...config }, hostConfig, facts);
}

describe("what a host is asked for", () => {
  it.each<[HostConfig, string]>([
    [{ Memory: 4 * MB }, "Minimum memory limit allowed is 6MB"],
    [{ Memory: -1 }, "Minimum memory limit allowed is 6MB"],
    [{ Memory: 64 * MB, MemorySwap: 32 * MB }, "Minimum memoryswap limit should be larger than memory limit, see usage"],
    [{ MemorySwap: 64 * MB }, "You should always set the Memory limit when using Memoryswap limit, see usage"],
    [{ MemorySwappiness: 101 }, "Invalid value: 101, valid memory swappiness range is 0-100"],
    [{ MemoryReservation: MB }, "Minimum memory reservation allowed is 6MB"],
    [{ Memory: 8 * MB, MemoryReservation: 9 * MB }, "Minimum memory limit can not be less than memory reservation limit, see usage"],
    [{ NanoCpus: 3e9 }, "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"],
    [{ NanoCpus: -1 }, "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"],
    [{ NanoCpus: 1e9, CpuPeriod: 1000 }, "Conflicting options: Nano CPUs and CPU Period cannot both be set"],
    [{ NanoCpus: 1e9, CpuQuota: 1000 }, "Conflicting options: Nano CPUs and CPU Quota cannot both be set"],
    [{ CpuPeriod: 999 }, "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"],
    [{ CpuQuota: 999 }, "CPU cfs quota can not be less than 1ms (i.e. 1000)"],
    [{ CpuShares: -1 }, "invalid CPU shares (-1): value must be a positive integer"],
    [{ CpusetCpus: "0-2" }, "Requested CPUs are not available - requested 0-2, available: 0-1"],
    [{ CpusetCpus: "1-4294967295" }, "Invalid value 1-4294967295 for cpuset cpus"],
    [{ CpusetCpus: "0,a" }, "Invalid value 0,a for cpuset cpus"],
    [{ CpusetCpus: "1-0" }, "Invalid value 1-0 for cpuset cpus"],
    [{ CpusetMems: "1" }, "Requested memory nodes are not available - requested 1, available: 0"],
    [{ BlkioWeight: 5 }, "Range of blkio weight is from 10 to 1000"],
    [{ ShmSize: -1 }, "SHM size can not be less than 0"],
    [{ OomScoreAdj: 1001 }, "Invalid value 1001, range for oom score adj is [-1000, 1000]"],
    [{ OomScoreAdj: -500 }, "invalid oom score adj -500: the daemon runs with 0 and cannot go lower without CAP_SYS_RESOURCE"],
    [{ Ulimits: [{ Name: "files", Soft: 1, Hard: 1 }] }, "invalid ulimit type: files"],
    [{ Ulimits: [{ Name: "nofile", Soft: 2, Hard: 1 }] }, "ulimit soft limit must be less than or equal to hard limit: 2 > 1"],
    [{ Ulimits: [{ Name: "core", Soft: -1, Hard: 1 }] }, "ulimit soft limit must be less than or equal to hard limit: -1 > 1"],
    [
      { Ulimits: [{ Name: "nofile", Soft: 30_000, Hard: 30_000 }] },
      "invalid ulimit nofile: 30000 is above the daemon's own hard limit of 20000",
    ],
    [
      { Ulimits: [{ Name: "nofile", Soft: 1, Hard: -1 }] },
      "invalid ulimit nofile: unlimited is above the daemon's own hard limit of 20000",
    ],
  ])("%j", (hostConfig, message) => {
    expect(() => validate(hostConfig)).toThrow(message);
  });

  it.each<HostConfig>([
    {},
    { Memory: 6 * MB, MemorySwap: -1, MemorySwappiness: -1 },
    { NanoCpus: 2e9, CpusetCpus: "0-1", CpusetMems: "0" },
    { CpuPeriod: 100_000, CpuQuota: -1 },
    {
      Ulimits: [
        { Name: "nofile", Soft: 100, Hard: 20_000 },
        { Name: "core", Soft: -1, Hard: -1 },
      ],
    },
    { OomScoreAdj: 1000, PidsLimit: -1 },
  ])("%j is fine", (hostConfig) => {
    expect(() => validate(hostConfig)).not.toThrow();
  });

  it("goes past the daemon's limits where it may raise them", () => {
    const mighty = { ...host, capabilities: capabilityNames, oomScoreAdj: -500 };
    expect(() => validate({ Ulimits: [{ Name: "nofile", Soft: 30_000, Hard: 1e6 }], OomScoreAdj: -1000 }, {}, mighty)).not.toThrow();
  });

  it("does not write ranges out", () => {
    const started = performance.now();
    const many = Array.from({ length: 500 }, () => "0-8191").join(",");
    expect(() => validate({ CpusetCpus: many })).toThrow("Requested CPUs are not available");
    expect(() => validate({ CpusetCpus: `${many},${many}` })).toThrow("Invalid value");
    expect(() => validate({ CpusetCpus: "0-4,6" }, {}, { ...host, onlineCpus: "0-2,3-4,6-7" })).not.toThrow();
    expect(() => validate({ CpusetCpus: "0-6" }, {}, { ...host, onlineCpus: "0-4,6-7" })).toThrow("available: 0-4,6-7");
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe("what widens the sandbox", () => {
  it.each<[HostConfig, string]>([
    [{ CapAdd: ["X"] }, 'invalid CapAdd: unknown capability: "CAP_X"'],
    [{ CapDrop: ["CAP_X"] }, 'invalid CapDrop: unknown capability: "CAP_X"'],
    [
      { CapAdd: ["SYS_RESOURCE"] },
      'invalid CapAdd: capability not supported by your kernel or not available in the current environment: "CAP_SYS_RESOURCE"',
    ],
    [{ SecurityOpt: ["seccomp={"] }, "Decoding seccomp profile failed:"],
    [{ SecurityOpt: ["seccomp="] }, "Decoding seccomp profile failed:"],
    [{ SecurityOpt: ["apparmor=mine"] }, "AppArmor is not enabled on this host"],
    [{ SecurityOpt: ["no-new-privileges=maybe"] }, 'invalid --security-opt 2: "no-new-privileges=maybe"'],
    [{ SecurityOpt: ["nothing"] }, 'invalid --security-opt 1: "nothing"'],
    [{ SecurityOpt: ["foo=bar"] }, 'invalid --security-opt 2: "foo=bar"'],
    [{ Sysctls: { "kernel.core_pattern": "|/x" } }, "sysctl 'kernel.core_pattern=|/x' is not allowed"],
    [{ Sysctls: { "kernel.shm_rmid_forced": "1", "kernel.core_pattern": "x" } }, "sysctl 'kernel.core_pattern=x' is not allowed"],
    [{ Sysctls: { "kernel.shm_rmid_forced=1+kernel.core_pattern": "x" } }, "not a sysctl's name"],
    [{ Sysctls: { "net.x/../kernel.y": "1" } }, "not a sysctl's name"],
    [{ Sysctls: { net: "1" } }, "not a sysctl's name"],
    [{ Sysctls: { "net.ipv4.ip_forward": "1" }, NetworkMode: "host" }, "the container is in the host's network name space"],
    [{ Sysctls: { "fs.mqueue.msg_max": "1" }, IpcMode: "host" }, "the container is in the host's IPC name space"],
    [{ IpcMode: "container:" }, "invalid IPC mode: container:"],
    [{ PidMode: "vm" }, "invalid PID mode: vm"],
    [{ UTSMode: "container:x" }, "invalid UTS mode: container:x"],
    [{ CgroupnsMode: "shared" as "host" }, "invalid cgroup namespace mode: shared"],
    [{ Tmpfs: { run: "" } }, "invalid mount path: 'run' mount path must be absolute"],
    [{ Tmpfs: { "/": "" } }, "destination can't be '/'"],
    [{ Tmpfs: { "/x/../proc": "" } }, "the mount point is inside /proc"],
    [{ Tmpfs: { "/run": "size=lots" } }, 'invalid tmpfs option "size=lots"'],
    [{ Tmpfs: { "/run": "bind" } }, 'invalid tmpfs option "bind"'],
    [{ DeviceCgroupRules: ["c 1:3 x"] }, "invalid device cgroup rule format: 'c 1:3 x'"],
    [{ Devices: [{ PathOnHost: "/dev/x", CgroupPermissions: "rx" }] }, "invalid device mode: rx"],
    [{ Devices: [{ PathOnHost: "x" }] }, "invalid device path: 'x' must be absolute"],
    [{ Annotations: { "": "x" } }, "invalid Annotations: the empty string is not permitted as an annotation key"],
    [{ Annotations: { "run.oci.seccomp_bpf_data": "x" } }, "run.oci.seccomp_bpf_data would replace the seccomp profile"],
  ])("%j", (hostConfig, message) => {
    expect(() => validate(hostConfig)).toThrow(message);
  });

  it("a profile of AppArmor that is not loaded, where the kernel says which are", () => {
    const create = (name: string, isProfileLoaded?: () => boolean | undefined): void =>
      validateCreate({ Cmd: ["true"] }, { SecurityOpt: [`apparmor=${name}`] }, { ...host, apparmor: true, isProfileLoaded });
    expect(() => create("mine", () => false)).toThrow('invalid --security-opt "apparmor=mine": no such profile is loaded');
    for (const loaded of [() => true, () => undefined, undefined]) expect(() => create("mine", loaded)).not.toThrow();
    expect(() => create("docker-default", () => false)).not.toThrow();
  });

  it.each<HostConfig>([
    { CapAdd: ["all"], CapDrop: ["sys_admin", "CAP_SYS_RESOURCE"] },
    { SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined", "label=disable", "label:disable", "label=type:x_t", "no-new-privileges"] },
    { SecurityOpt: ["seccomp=builtin"] },
    { Sysctls: { "net.ipv4.conf.eth0/1.forwarding": "1", "kernel.sem": "1 2 3 4", "net/core/somaxconn": "1" } },
    { IpcMode: "shareable", PidMode: "container:abc", CgroupnsMode: "private" },
    { Tmpfs: { "/run": "rw,size=64m,exec,mode=1777,uid=5", "/dev/shm": "" } },
    { Privileged: true, Tmpfs: { "/proc/x": "" } },
    { Devices: [{ PathOnHost: "/dev/fuse", PathInContainer: "/dev/f", CgroupPermissions: "rwm" }], DeviceCgroupRules: ["a *:* rwm"] },
  ])("%j is fine", (hostConfig) => {
    expect(() => validate(hostConfig)).not.toThrow();
  });
});

describe("what a container is", () => {
  it.each<[ContainerConfig, string]>([
    [{ Cmd: [] }, "no command specified"],
    [{ Hostname: "a b" }, "invalid hostname format: a b"],
    [{ Hostname: "x".repeat(300) }, "invalid hostname format: xxx"],
    [{ Domainname: "x\ny" }, "invalid domainname format: x\ny"],
    [{ WorkingDir: "app" }, "the working directory 'app' is invalid, it needs to be an absolute path"],
    [{ Env: [""] }, "invalid environment variable: "],
    [{ Env: ["=x"] }, "invalid environment variable: =x"],
    [{ Env: ["A=\0secret"] }, "invalid environment variable: A holds a NUL"],
    [{ Env: [`A=${"x".repeat(1 << 20)}`] }, "invalid environment variable: A is longer than 131071 bytes"],
    [{ Cmd: ["a\0b"] }, "invalid command: an argument holds a NUL"],
    [{ User: "a\0" }, "invalid user: it holds a NUL"],
    [{ StopSignal: "-9" }, "invalid signal: -9"],
    [{ StopSignal: "0" }, "invalid signal: 0"],
    [{ StopSignal: "SIGNOPE" }, "invalid signal: SIGNOPE"],
    [{ ExposedPorts: { "99999/xyz": {} } }, 'invalid port specification: "99999/xyz"'],
    [{ ExposedPorts: { "65536": {} } }, 'invalid port specification: "65536"'],
  ])("%.80j", (config, message) => {
    expect(() => validate({}, config)).toThrow(message);
  });

  it.each<ContainerConfig>([
    { Hostname: "my_host.example", Domainname: "lan", WorkingDir: "/a/../b", Env: ["A", "B=", "C=a=b"], StopSignal: "SIGRTMIN+3" },
    { StopSignal: "kill", StopTimeout: -1, ExposedPorts: { "80": {}, "53/udp": {}, "7000-7010/tcp": {} } },
  ])("%j is fine", (config) => {
    expect(() => validate({}, config)).not.toThrow();
  });

  it.each<[ContainerConfig, HostConfig, string]>([
    [{}, { PortBindings: { "80/tcp": [{ HostPort: "99999" }] } }, 'invalid port specification: "99999"'],
    [{}, { PortBindings: { "80/tcp": null, x: [] } }, 'invalid port specification: "x"'],
  ])("%j with %j", (config, hostConfig, message) => {
    expect(() => validate(hostConfig, config)).toThrow(message);
  });
});

describe("warnings", () => {
  it.each<[HostConfig, Partial<HostFacts>, string[]]>([
    [{}, {}, []],
    [{ Privileged: true }, {}, ["The daemon does not have CAP_SYS_RESOURCE: the container gets all other capabilities."]],
    [{ Privileged: true }, { capabilities: capabilityNames }, []],
    [
      { Memory: 8 * MB },
      { swapLimit: false },
      ["Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap."],
    ],
    [{ Memory: 8 * MB, MemorySwap: -1 }, { swapLimit: false }, []],
    [{ OomKillDisable: true }, { cgroup: "v2" }, ["Your kernel does not support OomKillDisable. OomKillDisable discarded."]],
    [
      { BlkioWeight: 20 },
      { blkioWeight: false },
      ["Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded."],
    ],
    [{ NetworkMode: "host", PortBindings: { "80/tcp": [] } }, {}, ["Published ports are discarded when using host network mode"]],
  ])("%j on %j", (hostConfig, facts, expected) => {
    expect(warningsFor(hostConfig, { ...host, ...facts })).toEqual(expected);
  });
});
