import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

/** The rest of the flags: those of `docker exec` and `docker update`, and limits that depend on the host. See run-flags.test.ts. */
const cdi = mkdtempSync(join(tmpdir(), "dhow-cdi-"));
afterAll(() => rmSync(cdi, { recursive: true }));
const daemon = useDaemon({ images: [busyboxArchive], flags: ["--cdi-spec-dir", cdi] });
const docker = new DockerCli(daemon);
const sh = (flags: readonly string[], script: string): Promise<string> => docker.ok("run", "--rm", ...flags, BUSYBOX, "sh", "-c", script);
/** A file of the container's control group: of v1, or of v2. */
const group = (v1: string, v2: string): string => `cat /sys/fs/cgroup/${v1} 2>/dev/null || cat /sys/fs/cgroup/${v2}`;
const inFolder = (name: string, text: string): string => {
  const path = join(daemon.folder, name);
  writeFileSync(path, text);
  return path;
};

describe("devices by CDI", () => {
  const device = (name: string): object => ({ name, containerEdits: { env: [`GOT_${name}=here`] } });
  const containerEdits = (kind: string): object => ({
    deviceNodes: [{ path: `/dev/${kind}`, hostPath: "/dev/full", permissions: "rw", fileMode: 0o640 }],
    mounts: [{ hostPath: "/etc/hostname", containerPath: "/opt/vendor/file", options: ["ro", "nosuid", "bind"] }],
    hooks: [{ hookName: "createRuntime", path: "/bin/sh", args: ["sh", "-c", `cat > ${cdi}/${kind}-state`] }],
    additionalGids: [4321],
  });
  const specify = (vendor: string, kind: string, names: readonly string[]): void => {
    const spec = { cdiVersion: "0.6.0", kind: `${vendor}/${kind}`, devices: names.map(device), containerEdits: containerEdits(kind) };
    writeFileSync(join(cdi, `${vendor}.json`), JSON.stringify(spec));
  };
  const SEEN = `stat -c '%t:%T %a %u' /dev/$KIND; cat /opt/vendor/file; id -G; echo x > /dev/$KIND; echo x > /opt/vendor/file; env`;

  it("--device vendor.com/class=name: nodes, mounts, variables, groups and hooks as its specification says", async () => {
    specify("vendor.example", "widget", ["one", "two"]);
    const flags = ["--rm", "--user", "1000", "-e", "KIND=widget", "--device", "vendor.example/widget=one"];
    const { stdout, stderr } = await docker.run(["run", ...flags, BUSYBOX, "sh", "-c", SEEN]);
    const hostname = readFileSync("/etc/hostname", "utf8").trim();
    expect(stdout.split("\n").slice(0, 3)).toEqual(["1:7 640 1000", hostname, expect.stringContaining("4321")]);
    expect(stdout).toMatch(/^GOT_one=here$/m);
    expect(stdout).not.toContain("GOT_two");
    expect(stderr).toContain("No space left on device"); // /dev/full was written to: the device rule lets it through.
    expect(stderr).toContain("Read-only file system");
    expect(JSON.parse(readFileSync(join(cdi, "widget-state"), "utf8"))).toMatchObject({ status: expect.stringMatching(/^creat/) });
  });

  it("--gpus takes the GPUs that are specified, and info lists them", async () => {
    specify("nvidia.com", "gpu", ["0", "1", "all"]);
    const has = async (gpus: string): Promise<string> =>
      await docker.ok("run", "--rm", "--gpus", gpus, BUSYBOX, "sh", "-c", "ls /dev/gpu; env");
    expect(await has("all")).toContain("GOT_all=here");
    const two = await has("2");
    expect(two.match(/GOT_\w+/g)?.toSorted()).toEqual(["GOT_0", "GOT_1"]);
    expect(await has('"device=1"')).not.toContain("GOT_0");
    const { json } = await daemon.api("GET", "/v1.51/info");
    expect(json.CDISpecDirs).toEqual([cdi]);
    expect(json.DiscoveredDevices).toContainEqual({ Source: "cdi", ID: "nvidia.com/gpu=all" });
    const { code, stderr } = await docker.run(["run", "--rm", "--gpus", "3", BUSYBOX, "true"]);
    expect([code, stderr]).toEqual([125, expect.stringContaining("unresolvable CDI devices nvidia.com/gpu=2")]);
  });

  it("one that is specified no more keeps its container from a start, with the reason", async () => {
    specify("vendor.example", "widget", ["one"]);
    const id = await docker.ok("create", "--device", "vendor.example/widget=one", BUSYBOX, "true");
    rmSync(join(cdi, "vendor.example.json"));
    expect((await docker.run(["start", id])).stderr).toContain("unresolvable CDI devices vendor.example/widget=one");
    await docker.ok("rm", id);
  });
});

describe("limits of block devices", () => {
  const disk = readdirSync("/sys/block").find((name) => /^(vd|sd|nvme|loop)/.test(name)) ?? "";
  const numbers = disk === "" ? "" : readFileSync(`/sys/block/${disk}/dev`, "utf8").trim();
  it.skipIf(disk === "").each([
    ["--device-read-bps", ["1mb", "blkio.throttle.read_bps_device", "1048576"]],
    ["--device-write-bps", ["2mb", "blkio.throttle.write_bps_device", "2097152"]],
    ["--device-read-iops", ["30", "blkio.throttle.read_iops_device", "30"]],
    ["--device-write-iops", ["40", "blkio.throttle.write_iops_device", "40"]],
  ] as const)("%s", async (flag, [value, file, expected]) => {
    const said = await sh([flag, `/dev/${disk}:${value}`], group(`blkio/${file}`, "io.max"));
    expect(said).toContain(numbers);
    expect(said).toContain(expected);
  });

  it("--memory-swappiness and --oom-kill-disable", async () => {
    const flags = ["--memory", "64m", "--memory-swappiness", "10", "--oom-kill-disable"];
    const { code, stdout, stderr } = await docker.run([
      "run",
      "--rm",
      ...flags,
      BUSYBOX,
      "sh",
      "-c",
      "cd /sys/fs/cgroup/memory 2>/dev/null && cat memory.swappiness && grep oom_kill_disable memory.oom_control",
    ]);
    // The unified hierarchy has neither, and the engine says so.
    if (existsSync("/sys/fs/cgroup/memory")) expect([code, stdout]).toEqual([0, "10\noom_kill_disable 1\n"]);
    else expect(stderr).toMatch(/WARNING: .*(swappiness|OomKillDisable)/i);
  });

  it("--cpu-rt-period and --cpu-rt-runtime", async () => {
    const { code, stderr } = await docker.run(["run", "--rm", "--cpu-rt-period", "1000000", "--cpu-rt-runtime", "1000", BUSYBOX, "true"]);
    const isSupported = existsSync("/sys/fs/cgroup/cpu/cpu.rt_runtime_us");
    expect([isSupported || code === 125, stderr]).toEqual([true, expect.stringMatching(isSupported ? /^/ : /real-?time|CpuRealtime/i)]);
  });

  it("--blkio-weight and --blkio-weight-device, or a warning where the kernel has no weights", async () => {
    const script = group("blkio/blkio.bfq.weight", "io.weight");
    const weighed = await docker.run(["run", "--rm", "--blkio-weight", "300", BUSYBOX, "sh", "-c", script]);
    expect(weighed.stdout + weighed.stderr).toMatch(/\b300$|kernel does not support Block I\/O weight/m);
    const flags = ["--blkio-weight-device", `/dev/${disk === "" ? "null" : disk}:200`];
    const one = await docker.run(["run", "--rm", ...flags, BUSYBOX, "sh", "-c", group("blkio/blkio.bfq.weight_device", "io.weight")]);
    expect(one.stdout + one.stderr).toMatch(/ 200$|kernel does not support Block I\/O weight_device/m);
  });
});

describe("docker exec's and update's flags", () => {
  it("exec --detach, --env, --env-file, --interactive, --privileged, --tty, --user, --workdir and --detach-keys", async () => {
    await docker.ok("run", "-d", "--name", "host", BUSYBOX, "sleep", "100");
    const exec = async (...parameters: string[]): Promise<string> => (await docker.run(["exec", ...parameters])).stdout.trim();
    expect(await exec("--env", "A=1", "--env-file", inFolder("exec-env", "B=2\n"), "host", "sh", "-c", "echo $A$B")).toBe("12");
    expect(await exec("--user", "5:6", "--workdir", "/tmp", "host", "sh", "-c", "id -u; id -g; pwd")).toBe("5\n6\n/tmp");
    expect(await exec("--tty", "host", "tty")).toBe("/dev/pts/0");
    expect(await exec("--privileged", "host", "grep", "CapEff", "/proc/self/status")).not.toMatch(/a80425fb/);
    expect((await docker.run(["exec", "--interactive", "host", "cat"], { input: "in" })).stdout).toBe("in");
    await docker.ok("exec", "--detach", "host", "touch", "/detached");
    await eventually(async () => expect(await exec("host", "ls", "/detached")).toBe("/detached"));
    const left = await docker.run(["exec", "-it", "--detach-keys", "x,y", "host", "sh"], { terminal: true, input: "xy" });
    expect(left.stderr + left.stdout).toContain("read escape sequence");
    await docker.ok("rm", "-f", "host");
  });

  it("update's limits and restart policy take effect on a running container", async () => {
    await docker.ok("run", "-d", "--name", "changed", "--memory", "64m", BUSYBOX, "sleep", "100");
    await docker.ok(
      "update",
      "--memory",
      "48m",
      "--memory-swap",
      "96m",
      "--cpus",
      "0.5",
      "--pids-limit",
      "30",
      "--restart",
      "always",
      "--cpuset-cpus",
      "0",
      "changed",
    );
    expect(await docker.ok("exec", "changed", "sh", "-c", group("memory/memory.limit_in_bytes", "memory.max"))).toBe(
      String(48 * 1024 * 1024),
    );
    expect(await docker.ok("exec", "changed", "sh", "-c", group("pids/pids.max", "pids.max"))).toBe("30");
    expect(await docker.ok("exec", "changed", "sh", "-c", group("cpu/cpu.cfs_quota_us", "cpu.max"))).toMatch(/^50000/);
    expect(await docker.ok("inspect", "-f", "{{.HostConfig.RestartPolicy.Name}}", "changed")).toBe("always");
    await docker.ok("rm", "-f", "changed");
  });
});
