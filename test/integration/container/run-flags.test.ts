import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive, imageArchive } from "../../support/images.ts";

/**
 * What each flag of `docker run` does, looked at from inside the container. docs/reference/run.md has a row for every flag, and
 * test/clients/run-flags.test.ts keeps that true: a row names a test by its words.
 */
const LABELLED = "test/labelled:latest";
const daemon = useDaemon({
  images: [
    busyboxArchive,
    () => imageArchive(LABELLED, { Entrypoint: ["echo", "own"], Cmd: ["words"], Healthcheck: { Test: ["CMD", "true"] } }),
  ],
});
const docker = new DockerCli(daemon);
const run = (flags: readonly string[], ...command: string[]): Promise<string> => docker.ok("run", "--rm", ...flags, BUSYBOX, ...command);
const sh = (flags: readonly string[], script: string): Promise<string> => run(flags, "sh", "-c", script);
const refused = async (flags: readonly string[]): Promise<string> => {
  const { code, stderr } = await docker.run(["run", "--rm", ...flags, BUSYBOX, "true"]);
  // 1 where the client itself knows better than to ask.
  expect(code).toBeOneOf([1, 125]);
  return stderr;
};
/** A file of the container's control group: of v1, or of v2. */
const group = (v1: string, v2: string): string => `cat /sys/fs/cgroup/${v1} 2>/dev/null || cat /sys/fs/cgroup/${v2}`;
const inFolder = (name: string, text: string): string => {
  const path = join(daemon.folder, name);
  writeFileSync(path, text);
  return path;
};

describe("a flag that can be seen inside", () => {
  it.each<[title: string, flags: string[], script: string, expected: string | RegExp]>([
    [
      "--add-host",
      ["--add-host", "box:10.1.2.3", "--add-host", "gate=host-gateway"],
      "cat /etc/hosts",
      /^10\.1\.2\.3\tbox$[^]*^172\.[\d.]+\tgate$/m,
    ],
    ["--cap-add", ["--cap-add", "net_admin"], "grep CapEff /proc/self/status", /00000000a80435fb$/],
    ["--cap-add with its prefix", ["--cap-add", "CAP_NET_ADMIN"], "grep CapEff /proc/self/status", /00000000a80435fb$/],
    ["--cap-drop", ["--cap-drop", "MKNOD"], "mknod /tmp/x c 1 3 2>&1; true", /Operation not permitted/],
    ["--cap-drop all", ["--cap-drop", "all", "--cap-add", "chown"], "grep CapBnd /proc/self/status", /0000000000000001$/],
    ["--cpu-period and --cpu-quota", ["--cpu-period", "50000", "--cpu-quota", "20000"], group("cpu/cpu.cfs_quota_us", "cpu.max"), /^20000/],
    ["--cpu-shares", ["--cpu-shares", "512"], group("cpu/cpu.shares", "cpu.weight"), /^(512|20|59)$/],
    ["--cpus", ["--cpus", "0.5"], group("cpu/cpu.cfs_quota_us", "cpu.max"), /^50000/],
    ["--cpuset-cpus", ["--cpuset-cpus", "0"], "grep Cpus_allowed_list /proc/self/status", /\t0$/],
    ["--cpuset-mems", ["--cpuset-mems", "0"], "grep Mems_allowed_list /proc/self/status", /\t0$/],
    ["--device", ["--device", "/dev/null:/dev/mine:r"], "(echo x >/dev/mine) 2>&1; cat /dev/mine && stat -c %t:%T /dev/mine", /1:3$/],
    ["--device, a folder of them", ["--device", "/dev/net"], "ls /dev/net", "tun"],
    [
      "--device-cgroup-rule",
      ["--device-cgroup-rule", "c 10:229 rw"],
      "mknod /tmp/k c 10 229; (exec 3<>/tmp/k && echo opened) 2>&1",
      /opened|such device/,
    ],
    ["--dns", ["--label", "dhow.default-network-names=false", "--dns", "10.9.8.7"], "cat /etc/resolv.conf", /^nameserver 10\.9\.8\.7$/m],
    ["--dns-option", ["--dns", "10.9.8.7", "--dns-option", "ndots:3"], "cat /etc/resolv.conf", /^options ndots:3$/m],
    ["--dns-search", ["--dns-search", "corp.example"], "cat /etc/resolv.conf", /^search corp\.example$/m],
    [
      "--domainname",
      ["--hostname", "box", "--domainname", "corp.example"],
      "cat /proc/sys/kernel/domainname; cat /etc/hosts",
      /^corp\.example\n[^]*box\.corp\.example box$/m,
    ],
    ["--entrypoint", ["--entrypoint", "echo"], "-n", /^sh -c -n$/],
    ["--env", ["--env", "A=1", "--env", "B=two words"], "echo $A-$B", "1-two words"],
    ["--group-add", ["-u", "1000:1000", "--group-add", "44", "--group-add", "root"], "id -G", "1000 0 44"],
    ["--hostname", ["--hostname", "a-name"], "hostname; cat /etc/hostname", "a-name\na-name"],
    ["--ipc private", ["--ipc", "private"], "ls -d /dev/shm", "/dev/shm"],
    ["--ipc none", ["--ipc", "none"], "mount | grep -c /dev/shm || true", "0"],
    ["--ipc host", ["--ipc", "host"], "readlink /proc/self/ns/ipc", /^ipc:/],
    ["--mac-address", ["--mac-address", "02:42:ac:11:00:99"], "cat /sys/class/net/eth0/address", "02:42:ac:11:00:99"],
    ["--memory", ["--memory", "64m"], group("memory/memory.limit_in_bytes", "memory.max"), String(64 * 1024 * 1024)],
    [
      "--memory-reservation",
      ["--memory", "64m", "--memory-reservation", "32m"],
      group("memory/memory.soft_limit_in_bytes", "memory.low"),
      String(32 * 1024 * 1024),
    ],
    [
      "--mount type=tmpfs",
      ["--mount", "type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=700"],
      "stat -c %a /t; df -k /t | tail -1",
      /^700\n\S+\s+1024 /,
    ],
    [
      "--memory-swap",
      ["--memory", "64m", "--memory-swap", "96m"],
      group("memory/memory.memsw.limit_in_bytes", "memory.swap.max"),
      /^(100663296|33554432)$/,
    ],
    ["--network none", ["--network", "none"], "ls /sys/class/net", "lo"],
    ["--network host", ["--network", "host"], "readlink /proc/self/ns/net", /^net:/],
    ["--oom-score-adj", ["--oom-score-adj", "300"], "cat /proc/1/oom_score_adj", "300"],
    ["--pid host", ["--pid", "host"], "readlink /proc/1/exe >/dev/null; ls -d /proc/2", "/proc/2"],
    ["--pids-limit", ["--pids-limit", "50"], group("pids/pids.max", "pids.max"), "50"],
    ["--privileged", ["--privileged"], "mount -t tmpfs x /tmp && ls /dev/kmsg", "/dev/kmsg"],
    ["--read-only", ["--read-only"], "touch /x 2>&1; touch /dev/shm/x && echo shm", /Read-only file system\nshm$/],
    ["--security-opt no-new-privileges", ["--security-opt", "no-new-privileges"], "grep NoNewPrivs /proc/self/status", /1$/],
    ["--security-opt no-new-privileges:true", ["--security-opt", "no-new-privileges:true"], "grep NoNewPrivs /proc/self/status", /1$/],
    ["--security-opt no-new-privileges=false", ["--security-opt", "no-new-privileges=false"], "grep NoNewPrivs /proc/self/status", /0$/],
    ["--security-opt seccomp=unconfined", ["--security-opt", "seccomp=unconfined"], "grep Seccomp: /proc/self/status", /0$/],
    ["--security-opt seccomp=builtin", ["--security-opt", "seccomp=builtin"], "grep Seccomp: /proc/self/status", /2$/],
    ["--security-opt systempaths=unconfined", ["--security-opt", "systempaths=unconfined"], "mount | grep -c ' /proc/' || true", "0"],
    ["--security-opt apparmor=unconfined", ["--security-opt", "apparmor=unconfined"], "echo ok", "ok"],
    ["--security-opt label=disable", ["--security-opt", "label=disable"], "echo ok", "ok"],
    [
      "--security-opt writable-cgroups=true",
      ["--security-opt", "writable-cgroups=true"],
      "mount | grep ' /sys/fs/cgroup ' | tail -n 1",
      /\(rw,/,
    ],
    ["--shm-size", ["--shm-size", "3m"], "df -k /dev/shm | tail -1", /^shm\s+3072 /],
    [
      "--sysctl",
      ["--sysctl", "net.ipv4.ip_forward=1", "--sysctl", "kernel.shmmax=12345"],
      "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax",
      "1\n12345",
    ],
    [
      "--tmpfs",
      ["--tmpfs", "/t:size=1m,mode=1770,exec"],
      "stat -c %a /t; mount | grep ' /t '; df -k /t | tail -n 1",
      /^1770\n.*\(rw,nosuid,nodev,relatime,.*\)\n\S+\s+1024 /,
    ],
    ["--tty", ["--tty"], "tty", "/dev/pts/0"],
    ["--ulimit", ["--ulimit", "nofile=100:200", "--ulimit", "core=0"], "ulimit -n; ulimit -Hn; ulimit -c", "100\n200\n0"],
    ["--user", ["--user", "1000:1001"], "id -u; id -g", "1000\n1001"],
    ["--userns host", ["--userns", "host"], "cat /proc/self/uid_map", /^0\s+0\s+4294967295$/],
    ["--uts host", ["--uts", "host"], "readlink /proc/self/ns/uts", /^uts:/],
    ["--workdir", ["--workdir", "/made/deep"], "pwd; stat -c %u:%g:%a .", "/made/deep\n0:0:755"],
  ])("%s", async (_title, flags, script, expected) => {
    const said = flags[0] === "--entrypoint" ? await run(flags, "sh", "-c", script) : await sh(flags, script);
    if (typeof expected === "string") expect(said.trim()).toBe(expected);
    else expect(said.trim()).toMatch(expected);
  });

  it.each(["ipc", "uts", "network", "pid"])("--%s host is the host's own namespace", async (kind) => {
    const name = kind === "network" ? "net" : kind;
    expect(await sh([`--${kind}`, "host"], `readlink /proc/self/ns/${name}`)).toBe(readlinkSync(`/proc/self/ns/${name}`));
    expect(await sh([], `readlink /proc/self/ns/${name}`)).not.toBe(readlinkSync(`/proc/self/ns/${name}`));
  });

  it("--cgroupns", async () => {
    expect(await sh(["--cgroupns", "private"], "grep -c ':/$' /proc/self/cgroup")).not.toBe("0");
    expect(await sh(["--cgroupns", "host"], "cat /proc/self/cgroup")).toContain(`/${daemon.instance.name}/`);
  });

  it("--cgroup-parent", async () => {
    const parent = `/${daemon.instance.name}-other`;
    expect(await sh(["--cgroupns", "host", "--cgroup-parent", parent], "cat /proc/self/cgroup")).toContain(`:${parent}/`);
    // It is the user's, and stays, as with Docker.
    for (const tree of ["", ...readdirSync("/sys/fs/cgroup")]) {
      const folder = join("/sys/fs/cgroup", tree, parent);
      if (existsSync(folder)) await eventually(() => rmdirSync(folder));
    }
  });

  it("--volume, --mount, --volumes-from and --volume-driver", async () => {
    const folder = join(daemon.folder, "bound");
    mkdirSync(folder, { recursive: true });
    expect(await sh(["-v", `${folder}:/b`, "-v", "kept:/v"], "echo x >/b/f; echo y >/v/f; cat /v/f")).toBe("y");
    expect(readFileSync(join(folder, "f"), "utf8")).toBe("x\n");
    expect(
      await sh(["-v", `${folder}:/b:ro`, "--mount", "type=volume,src=kept,dst=/v,readonly"], "touch /b/f /v/f 2>&1; cat /v/f"),
    ).toMatch(/(Read-only file system\n.*){2}y$/s);
    await docker.ok("create", "--name", "donor", "-v", "kept:/v", BUSYBOX);
    expect(await sh(["--volumes-from", "donor:ro"], "touch /v/f 2>&1; cat /v/f")).toMatch(/Read-only file system\ny$/);
    expect(await sh(["--volume-driver", "local", "-v", "kept:/v"], "cat /v/f")).toBe("y");
    await docker.ok("rm", "donor");
    await docker.ok("volume", "rm", "kept");
  });

  it("--env-file and --label-file, --label and --annotation", async () => {
    const variables = inFolder("variables", "ONE=1\n# no\nTWO=2\n");
    expect(await sh(["--env-file", variables], "echo $ONE$TWO")).toBe("12");
    const labels = inFolder("labels", "a=b\n");
    await docker.ok("create", "--name", "marked", "--label-file", labels, "--label", "c=d", "--annotation", "e=f", BUSYBOX);
    expect(await docker.ok("inspect", "-f", "{{json .Config.Labels}}{{json .HostConfig.Annotations}}", "marked")).toBe(
      '{"a":"b","c":"d"}{"e":"f"}',
    );
    await docker.ok("rm", "marked");
  });

  it("--init runs an init that passes signals on and reaps", async () => {
    const { stdout, stderr } = await docker.run([
      "run",
      "--rm",
      "--init",
      BUSYBOX,
      "sh",
      "-c",
      "cat /proc/1/comm; tr '\\0' ' ' </proc/1/cmdline",
    ]);
    expect(stdout + stderr).toMatch(/^(docker-init|tini|catatonit)[^]*sh -c/);
  });

  it("--security-opt label=… is taken and warned of where there is no SELinux", async () => {
    const { code, stderr } = await docker.run(["run", "--rm", "--security-opt", "label=level:s0:c1", BUSYBOX, "true"]);
    expect(code).toBe(0);
    if (!existsSync("/sys/fs/selinux"))
      expect(stderr).toContain("SELinux is not enabled on this host. Security option label=level:s0:c1 discarded.");
  });

  it("--security-opt seccomp=FILE", async () => {
    const profile = inFolder(
      "seccomp.json",
      JSON.stringify({
        defaultAction: "SCMP_ACT_ALLOW",
        archMap: [
          { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] },
          { architecture: "SCMP_ARCH_AARCH64", subArchitectures: [] },
        ],
        syscalls: [
          { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 },
          { names: ["chmod", "fchmodat"], action: "SCMP_ACT_ERRNO", excludes: { caps: ["CAP_SYS_TIME"] } },
          { names: ["sync"], action: "SCMP_ACT_ERRNO", includes: { minKernel: "99.0" } },
        ],
      }),
    );
    const flags = ["--security-opt", `seccomp=${profile}`];
    const said = await sh(flags, "mkdir /x 2>&1; chmod 700 /tmp 2>&1; sync && echo synced");
    expect(said).toMatch(/No space left on device\n.*Operation not permitted\nsynced$/s);
    const notify = inFolder(
      "notify.json",
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mount"],"action":"SCMP_ACT_NOTIFY"}]}',
    );
    expect(await refused(["--security-opt", `seccomp=${notify}`])).toContain("SCMP_ACT_NOTIFY");
    const broken = inFolder("broken.json", '{"defaultAction":');
    expect(await refused(["--security-opt", `seccomp=${broken}`])).toMatch(/seccomp/i);
  });
});

describe("a flag that concerns the client, or the container's life", () => {
  it("--attach, --interactive, --detach and --detach-keys", async () => {
    const only = await docker.run(["run", "--rm", "-a", "stderr", BUSYBOX, "sh", "-c", "echo out; echo err >&2"]);
    expect([only.stdout, only.stderr]).toEqual(["", "err\n"]);
    expect((await docker.run(["run", "--rm", "--interactive", BUSYBOX, "cat"], { input: "typed" })).stdout).toBe("typed");
    const left = await docker.run(["run", "-it", "--name", "left", "--detach-keys", "x,y", BUSYBOX, "sh"], { terminal: true, input: "xy" });
    expect(left.code).toBe(0);
    expect(await docker.ok("inspect", "-f", "{{.State.Running}}", "left")).toBe("true");
    await docker.ok("rm", "-f", "left");
    expect(await docker.ok("run", "--detach", "--rm", BUSYBOX, "true")).toMatch(/^[0-9a-f]{64}$/);
  });

  it("--cidfile, --name, --rm, --quiet and --pull", async () => {
    const file = join(daemon.folder, "cid");
    rmSync(file, { force: true });
    await docker.ok("run", "--cidfile", file, "--name", "named", "--quiet", "--pull", "never", BUSYBOX, "true");
    expect(await docker.ok("inspect", "-f", "{{.Id}}", "named")).toBe(readFileSync(file, "utf8"));
    await docker.ok("rm", "named");
    await docker.ok("run", "--rm", "--name", "gone", BUSYBOX, "true");
    await eventually(async () => expect((await docker.run(["inspect", "gone"])).code).toBe(1));
    expect(await refused(["--pull", "never", "--name", "no", "absent/image"])).toContain("No such image");
  });

  it("--expose, --publish and --publish-all", async () => {
    await docker.ok(
      "run",
      "-d",
      "--name",
      "open",
      "--expose",
      "81",
      "-p",
      "127.0.0.1::80",
      "-P",
      BUSYBOX,
      "sh",
      "-c",
      "echo hi >/tmp/index.html; httpd -h /tmp; sleep 60",
    );
    const ports = await docker.ok("port", "open");
    expect(ports).toMatch(/^80\/tcp -> 127\.0\.0\.1:\d+$/m);
    expect(ports).toMatch(/^81\/tcp -> 0\.0\.0\.0:\d+$/m);
    const [address = ""] = /127\.0\.0\.1:\d+/.exec(ports) ?? [];
    await eventually(async () => expect(await (await fetch(`http://${address}/`)).text()).toBe("hi\n"));
    await docker.ok("rm", "-f", "open");
  });

  it("--cpuset-mems names nodes that there are", async () => {
    expect(await refused(["--cpuset-mems", "0-99"])).toContain("Requested memory nodes are not available - requested 0-99, available: ");
  });

  it("--platform and --runtime", async () => {
    expect(await sh(["--runtime", "runc"], "echo ran")).toBe("ran");
    expect(await refused(["--runtime", "nothing"])).toContain("unknown or invalid runtime name: nothing");
    expect(await refused(["--platform", "linux/s390x", "--pull", "never"])).toMatch(/platform/);
    const own = { arm64: "linux/arm64", x64: "linux/amd64" }[process.arch as string] ?? "";
    expect(await sh(["--platform", own, "--pull", "never"], "echo ran")).toBe("ran");
  });

  it("--stop-signal and --stop-timeout", async () => {
    const trap = "trap 'exit 7' USR1; echo ready; while :; do sleep 0.1; done";
    await docker.ok("run", "-d", "--name", "asked", "--stop-signal", "USR1", BUSYBOX, "sh", "-c", trap);
    await eventually(async () => expect(await docker.ok("logs", "asked")).toBe("ready"));
    await docker.ok("stop", "asked");
    expect(await docker.ok("inspect", "-f", "{{.State.ExitCode}}", "asked")).toBe("7");
    await docker.ok("run", "-d", "--name", "deaf", "--stop-timeout", "0", BUSYBOX, "sh", "-c", "trap '' TERM; while :; do sleep 0.1; done");
    const before = Date.now();
    await docker.ok("stop", "deaf");
    // Docker's own would be 10 s; this one takes a fraction of a second.
    expect(Date.now() - before).toBeLessThan(9500);
    await docker.ok("rm", "asked", "deaf");
  });

  it("--restart", async () => {
    await docker.ok("run", "-d", "--name", "again", "--restart", "on-failure:2", BUSYBOX, "false");
    await eventually(async () => expect(await docker.ok("inspect", "-f", "{{.RestartCount}} {{.State.Status}}", "again")).toBe("2 exited"));
    await docker.ok("rm", "again");
  });

  it("--sig-proxy", async () => {
    const ran = docker.run(["run", "--rm", BUSYBOX, "sh", "-c", "trap 'exit 33' TERM; echo ready; while :; do sleep 0.1; done"], {
      signalAtOutput: "SIGTERM",
    });
    expect((await ran).code).toBe(33);
  });

  it("--network, --network-alias, --ip and --link", async () => {
    await docker.ok("network", "create", "--subnet", "10.231.7.0/24", "own");
    const flags = ["--network", "own", "--network-alias", "other", "--ip", "10.231.7.77"];
    expect(await sh(flags, "ip -4 addr show eth0")).toContain("10.231.7.77/24");
    await docker.ok("network", "rm", "own");
    await docker.ok("run", "-d", "--name", "served", BUSYBOX, "sleep", "60");
    expect(await sh(["--link", "served:db"], "cat /etc/hosts")).toMatch(/^172\.[\d.]+\tdb /m);
    await docker.ok("rm", "-f", "served");
  });

  it("--log-driver and --log-opt", async () => {
    await docker.ok("run", "--name", "silent", "--log-driver", "none", BUSYBOX, "echo", "unheard");
    expect((await docker.run(["logs", "silent"])).stderr).toContain("configured logging driver does not support reading");
    await docker.ok("rm", "silent");
    expect(await refused(["--log-driver", "nonsense"])).toContain("no log driver named 'nonsense' is registered");
    expect(await refused(["--log-opt", "nonsense=1"])).toContain("unknown log opt 'nonsense' for json-file log driver");
  });

  it("--health-cmd, --health-interval, --health-retries, --health-timeout, --health-start-period and --health-start-interval", async () => {
    const timing = [
      "--health-interval",
      "100ms",
      "--health-timeout",
      "5s",
      "--health-start-period",
      "0s",
      "--health-start-interval",
      "100ms",
    ];
    const flags = ["--health-cmd", "test -e /well", "--health-retries", "1", ...timing];
    await docker.ok("run", "-d", "--name", "checked", ...flags, BUSYBOX, "sleep", "60");
    const health = (): Promise<string> => docker.ok("inspect", "-f", "{{.State.Health.Status}}", "checked");
    await eventually(async () => expect(await health()).toBe("unhealthy"));
    await docker.ok("exec", "checked", "touch", "/well");
    await eventually(async () => expect(await health()).toBe("healthy"));
    await docker.ok("rm", "-f", "checked");
  });

  it("--no-healthcheck", async () => {
    await docker.ok("create", "--name", "unchecked", "--no-healthcheck", LABELLED);
    expect(await docker.ok("inspect", "-f", "{{json .Config.Healthcheck.Test}}", "unchecked")).toBe('["NONE"]');
    await docker.ok("rm", "unchecked");
  });

  it("--use-api-socket, --disable-content-trust and --kernel-memory are the client's", async () => {
    const socket = "/var/run/docker.sock";
    if (existsSync(socket)) expect(await sh(["--use-api-socket"], `test -S ${socket} && echo there`)).toBe("there");
    else expect(await refused(["--use-api-socket"])).toContain(`bind source path does not exist: ${socket}`);
    expect(await sh(["--disable-content-trust=false"], "echo ok").catch((error: Error) => error.message)).toMatch(/ok|trust/);
    expect(await sh(["--kernel-memory", "64m"], "echo ok")).toBe("ok");
  });
});
