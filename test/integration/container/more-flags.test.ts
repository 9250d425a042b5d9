import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

/** The rest of the flags: those of `docker exec` and `docker update`, and limits that depend on the host. See run-flags.test.ts. */
const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);
const sh = (flags: readonly string[], script: string): Promise<string> => docker.ok("run", "--rm", ...flags, BUSYBOX, "sh", "-c", script);
/** A file of the container's control group: of v1, or of v2. */
const group = (v1: string, v2: string): string => `cat /sys/fs/cgroup/${v1} 2>/dev/null || cat /sys/fs/cgroup/${v2}`;
const inFolder = (name: string, text: string): string => {
  const path = join(daemon.folder, name);
  writeFileSync(path, text);
  return path;
};

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
