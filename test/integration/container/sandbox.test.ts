import { describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

/** The default sandbox, measured from inside (docs/security.md), with both runtimes. */
const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);

const DEFAULT_CAPABILITIES = "00000000a80425fb";

const field = (status: string, name: string): string | undefined => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1];
const STATUS = ["cat", "/proc/self/status"];

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

  it("does not let it mount, unshare, change the clock or the host name, or read devices", async () => {
    const said = await sh(
      "unshare -m true; unshare -U true; mount -t tmpfs x /tmp; umount /proc; hostname x; date -s 2020-01-01; dmesg | head -n 1; mknod /tmp/d b 254 0 && cat /tmp/d; chroot / true && echo chroot ok",
    );
    expect(said.match(/Operation not permitted|Permission denied|permission denied/gi)?.length).toBeGreaterThanOrEqual(8);
    expect(said).toContain("chroot ok");
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
