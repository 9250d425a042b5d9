import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCgroupHost } from "#sys/cgroups/cgroup.ts";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

/** The default sandbox, measured from inside (docs/security.md), with both runtimes. */
const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);

const NONE = "0000000000000000";
const DEFAULT_CAPABILITIES = "00000000a80425fb";

const field = (status: string, name: string): string | undefined => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1];
const STATUS = ["cat", "/proc/self/status"];

const devicesTree = readCgroupHost().trees["devices"];
const DEVICES_LIST = "/sys/fs/cgroup/devices/devices.list";
/** What the device rules say of tun; whether the kernel has a driver behind the node is another matter. */
const TRY_TUN = `node=/tmp/tun$$; mknod $node c 10 200 || exit 1
  try() {
    said=$(sh -c "exec 3$2$node" 2>&1)
    case "$said" in *"not permitted"*) echo "$1 refused";; "" | *"o such device"*) echo "$1 opened";; *) echo "$1 $said";; esac
  }
  echo $(try r '<') $(try w '>')`;

/** The host's node, or one like it where the host has none. */
function hostTun(): string {
  if (existsSync("/dev/net/tun")) return "/dev/net/tun";
  const node = join(daemon.folder, "tun");
  if (!existsSync(node)) execFileSync("mknod", [node, "c", "10", "200"]);
  return node;
}

describe.each(["crun", "runc"])("the sandbox of %s", (runtime) => {
  const run = (...parameters: string[]): Promise<string> => docker.ok("run", "--rm", "--runtime", runtime, ...parameters);
  const sh = async (script: string, ...flags: string[]): Promise<string> => {
    const { stdout, stderr } = await docker.run(["run", "--rm", "--runtime", runtime, ...flags, BUSYBOX, "sh", "-c", script]);
    return `${stdout}${stderr}`;
  };

  it("has Docker's default capabilities, none inheritable or ambient, and seccomp", async () => {
    const status = await run(BUSYBOX, ...STATUS);
    for (const set of ["CapPrm", "CapEff", "CapBnd"]) expect(field(status, set)).toBe(DEFAULT_CAPABILITIES);
    for (const set of ["CapInh", "CapAmb"]) expect(Number.parseInt(field(status, set) ?? "1", 16)).toBe(0);
    expect([field(status, "NoNewPrivs"), field(status, "Seccomp")]).toEqual(["0", "2"]);
  });

  it("gives a user without root no capability but the bounding set", async () => {
    const status = await run("-u", "1000:1000", BUSYBOX, ...STATUS);
    for (const set of ["CapPrm", "CapEff", "CapInh", "CapAmb"]) expect(Number.parseInt(field(status, set) ?? "1", 16)).toBe(0);
    expect(field(status, "CapBnd")).toBe(DEFAULT_CAPABILITIES);
  });

  it.each([
    [["--cap-drop", "ALL"], "0000000000000000"],
    [["--cap-add", "NET_ADMIN"], "00000000a80435fb"],
    [["--cap-drop", "ALL", "--cap-add", "CHOWN"], "0000000000000001"],
  ])("honours %j", async (flags, mask) => {
    expect(field(await run(...flags, BUSYBOX, ...STATUS), "CapEff")).toBe(mask);
  });

  it("starts --privileged with the host's own set, and refuses by name what the host has not", async () => {
    const own = field(await run("--privileged", BUSYBOX, ...STATUS), "CapEff");
    expect(own).toBe(field(await docker.ok("run", "--rm", "--runtime", runtime, "--cap-add", "ALL", BUSYBOX, ...STATUS), "CapEff"));
    expect(own).toBe(field(await hostStatus(), "CapBnd"));
    const { stderr, code } = await docker.run(["run", "--rm", "--runtime", runtime, "--ulimit", "nofile=99999999", BUSYBOX, "true"]);
    expect([code, stderr]).toEqual([125, expect.stringMatching(/nofile/i)]);
  });

  it("P06: measures the same in every way into a container", async () => {
    const script =
      "grep -E '^(Cap|NoNew|Seccomp)' /proc/self/status; mknod /tmp/k$$ b 254 0; cat /tmp/k$$ 2>&1; for n in mnt net pid uts ipc user cgroup; do readlink /proc/self/ns/$n; done";
    const id = await run("-d", BUSYBOX, "sh", "-c", `(${script}) >/first 2>&1; exec sleep 60`);
    await eventually(async () => expect(await docker.ok("exec", id, "cat", "/proc/1/cmdline")).toMatch(/^sleep/));
    const host = await hostStatus();
    const caps = (held: string, bound: string): string =>
      [`CapInh:${NONE}`, `CapPrm:${held}`, `CapEff:${held}`, `CapBnd:${bound}`, `CapAmb:${NONE}`].join(" ");
    const expected = (held: string, bound: string): string => `${caps(held, bound)} NoNewPrivs:0 Seccomp:2 Seccomp_filters:1`;
    const all = field(host, "CapBnd") ?? "";
    const ways: [string[], string][] = [
      [["exec", id, "cat", "/first"], expected(DEFAULT_CAPABILITIES, DEFAULT_CAPABILITIES)],
      [["exec", id, "sh", "-c", script], expected(DEFAULT_CAPABILITIES, DEFAULT_CAPABILITIES)],
      [["exec", "-u", "1000:1000", id, "sh", "-c", script], expected(NONE, DEFAULT_CAPABILITIES)],
      [["exec", "--privileged", id, "sh", "-c", script], expected(all, all)],
    ];
    const outside = await hostNamespaces();
    const seen = new Set<string>();
    for (const [way, status] of ways) {
      const lines = (await docker.run(way)).stdout.trim().split("\n");
      expect([
        way,
        lines
          .slice(0, 8)
          .map((line) => line.replace(/\s+/, ""))
          .join(" "),
      ]).toEqual([way, status]);
      expect(lines.some((line) => /Operation not permitted|Permission denied|No such file/.test(line))).toBe(true);
      seen.add(lines.slice(-7).join(" "));
    }
    expect(seen.size).toBe(1);
    expect([...seen][0]?.split(" ").filter((namespace) => outside.includes(namespace))).toEqual([]);
    await docker.ok("rm", "-f", id);
  });

  it("does not let it mount, unshare, change the clock or the host name, or read devices", async () => {
    const said = await sh(
      "unshare -m true; unshare -U true; mount -t tmpfs x /tmp; umount /proc; hostname x; date -s 2020-01-01; dmesg | head -n 1; mknod /tmp/d b 254 0 && cat /tmp/d; chroot / true && echo chroot ok",
    );
    expect(said.match(/Operation not permitted|Permission denied|permission denied/gi)?.length).toBeGreaterThanOrEqual(8);
    expect(said).toContain("chroot ok");
  });

  // Where devices are not a v1 controller, runc before 1.2 cannot be corrected (docs/security.md).
  const cannotRefuse = runtime === "runc" && devicesTree === undefined;

  it.skipIf(cannotRefuse)("lets nobody open tun who was not given it, neither at first, nor in an exec, nor after an update", async () => {
    const id = await run("-d", "-m", "64m", BUSYBOX, "sh", "-c", `${TRY_TUN}; exec sleep 60`);
    const tried = async (): Promise<string> => (await docker.run(["exec", id, "sh", "-c", TRY_TUN])).stdout.trim();
    await expect.poll(async () => (await docker.run(["logs", id])).stdout.trim()).toBe("r refused w refused");
    expect(await tried()).toBe("r refused w refused");
    await docker.ok("update", "-m", "48m", "--memory-swap", "48m", "--cpu-shares", "512", id);
    expect(await tried()).toBe("r refused w refused");
    if (devicesTree !== undefined) expect(await docker.ok("exec", id, "cat", DEVICES_LIST)).not.toMatch(/^c 10:/m);
    await docker.ok("rm", "-f", id);
  });

  it.skipIf(cannotRefuse).each([
    [["--device", "{tun}:/dev/net/tun"], "r opened w opened"],
    [["--device", "{tun}:/dev/net/tun:r"], "r opened w refused"],
    [["--device-cgroup-rule", "c 10:200 rwm"], "r opened w opened"],
    [["--device-cgroup-rule", "c 10:* w"], "r refused w opened"],
    [["--privileged"], "r opened w opened"],
  ])("opens tun with %j as far as was asked", async (flags, expected) => {
    const tun = hostTun();
    expect(await run(...flags.map((flag) => flag.replace("{tun}", tun)), BUSYBOX, "sh", "-c", TRY_TUN)).toBe(expected);
  });

  it("masks and protects the kernel's files", async () => {
    const said = await sh(
      "wc -c </proc/keys; ls /sys/firmware | wc -l; ls /proc/acpi 2>/dev/null | wc -l; (echo x >/proc/sys/kernel/hostname) 2>&1; (echo h >/proc/sysrq-trigger) 2>&1; (mkdir /sys/fs/cgroup/memory/x || mkdir /sys/fs/cgroup/x) 2>&1",
    );
    expect(said.split("\n").slice(0, 3)).toEqual(["0", "0", "0"]);
    expect(said.match(/Read-only file system/g)).toHaveLength(3 + (said.match(/Read-only file system/g)?.length === 4 ? 1 : 0));
  });

  it("shows nothing of the host: own pid, network, mount, uts, ipc and cgroup namespaces, no stray descriptor", async () => {
    const inside = await sh(
      "for n in mnt net pid uts ipc; do readlink /proc/self/ns/$n; done; ls -l /proc/self/fd | wc -l; ls /proc | grep -c '^[0-9]'; cat /proc/1/oom_score_adj",
    );
    const outside = await hostNamespaces();
    const lines = inside.trim().split("\n");
    expect(lines.slice(0, 5).filter((line) => outside.includes(line))).toEqual([]);
    expect(Number(lines[5])).toBeLessThanOrEqual(6); // a header, 0, 1, 2, the folder itself and what the shell holds
    expect(Number(lines[6])).toBeLessThanOrEqual(4);
    expect(lines[7]).toBe("0");
  });

  it("gives a working folder that leads out of the root no chance", async () => {
    for (const descriptor of [3, 5, 7, 8, 10]) {
      const { stdout, code } = await docker.run([
        "run",
        "--rm",
        "--runtime",
        runtime,
        "-w",
        `/proc/self/fd/${descriptor}`,
        BUSYBOX,
        "sh",
        "-c",
        "pwd; ls -d ../../../../root/.. && ls /proc/self/cwd/../../../home",
      ]);
      expect([code === 0 && stdout.includes("/root/..") && stdout.includes("host"), descriptor]).toEqual([false, descriptor]);
    }
  });
});

async function hostStatus(): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  return readFile("/proc/self/status", "utf8");
}

async function hostNamespaces(): Promise<string[]> {
  const { readlink } = await import("node:fs/promises");
  return Promise.all(["mnt", "net", "pid", "uts", "ipc"].map((name) => readlink(`/proc/self/ns/${name}`)));
}
