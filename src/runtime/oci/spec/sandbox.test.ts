import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HostConfig } from "#spec/docker-api/types.ts";
import type { OciSpec } from "#spec/oci-runtime/spec.ts";
import { readHostFacts } from "#sys/host/host-facts.ts";
import { bindMount, runtimes, SandboxTrials, type Trial } from "#test/support/sandbox-trials.ts";
import { resolveUser } from "../user.ts";
import { deviceDenials } from "./devices/devices.ts";
import { execProcess } from "./process/exec-process.ts";

/** The block of measurements that the security design asks for, from inside, with each runtime of this machine. */
const sysprobeSource = fileURLToPath(new URL("../../../../../shared/tools/attack/sysprobe.c", import.meta.url));
const ownCapabilities = /^CapBnd:\s*(\w+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "";
const layout = readHostFacts().cgroup;

let trials: SandboxTrials;
beforeAll(() => {
  trials = new SandboxTrials();
});
afterAll(() => trials[Symbol.dispose]());

describe.each(runtimes)("the sandbox of %s", { timeout: 60_000 }, (runtime) => {
  const statusOf = async (trial: Trial): Promise<Record<string, string>> => {
    const { out } = await trials.run(runtime, trial, "grep -E '^(Cap|NoNew|Seccomp|Groups|Uid)' /proc/self/status");
    return Object.fromEntries(
      out
        .trim()
        .split("\n")
        .map((line) => line.split(/:\s*/, 2).map((part) => part.trim())),
    ) as Record<string, string>;
  };

  it.each([
    ["by default", {}, "00000000a80425fb", "00000000a80425fb"],
    ["for a user", { config: { User: "1000" } }, "0000000000000000", "00000000a80425fb"],
    ["with every capability dropped", { hostConfig: { CapDrop: ["ALL"] } }, "0000000000000000", "0000000000000000"],
    ["with one more", { hostConfig: { CapAdd: ["NET_ADMIN"] } }, "00000000a80435fb", "00000000a80435fb"],
    ["with one alone", { hostConfig: { CapDrop: ["ALL"], CapAdd: ["net_bind_service"] } }, "0000000000000400", "0000000000000400"],
  ] as const)("holds these capabilities %s", async (_, trial, effective, bounding) => {
    const status = await statusOf(trial as Trial);
    expect(status).toMatchObject({
      CapInh: "0000000000000000",
      CapPrm: effective,
      CapEff: effective,
      CapBnd: bounding,
      CapAmb: "0000000000000000",
    });
    expect(status).toMatchObject({ NoNewPrivs: "0", Seccomp: "2", Seccomp_filters: "1" });
  });

  it.each([{ Privileged: true }, { CapAdd: ["ALL"] }])("starts with all that the daemon has: %j", async (hostConfig) => {
    const status = await statusOf({ hostConfig });
    expect(status).toMatchObject({
      CapEff: ownCapabilities,
      CapBnd: ownCapabilities,
      CapInh: "0000000000000000",
      CapAmb: "0000000000000000",
    });
    expect(status["Seccomp"]).toBe(hostConfig.Privileged === true ? "0" : "2");
  });

  it("runs as the user and groups that were resolved", async () => {
    const { out } = await trials.run(
      runtime,
      { config: { User: "web" }, hostConfig: { GroupAdd: ["77"] } },
      "id -u; id -g; id -G; echo $HOME",
    );
    expect(out.trim().split("\n")).toEqual(["1000", "1000", "1000 50 77", "/srv"]);
  });

  it("says no to what the kernel would do for a root user", async () => {
    const script = `
      try() { "$@" >/dev/null 2>/tmp/err && echo "$* ok" || echo "$* $(cat /tmp/err)"; }
      try unshare -U true; try unshare -m true; try mount -t tmpfs x /tmp; try umount /proc; try dmesg; date -s 2020-01-01 2>&1 >/dev/null; try hostname x; try chroot / true
      mknod /tmp/k b 254 0 && cat /tmp/k 2>&1; mknod /tmp/m c 1 11 && cat /tmp/m 2>&1
      sh -c 'echo x > /proc/sys/kernel/hostname' 2>&1; sh -c 'echo x > /proc/sys/kernel/core_pattern' 2>&1; mkdir /sys/fs/cgroup/memory/x 2>&1; mkdir /sys/fs/cgroup/x 2>&1`;
    const { out } = await trials.run(runtime, {}, script);
    const lines = out.trim().split("\n");
    expect(lines.filter((line) => /Operation not permitted|[Pp]ermission denied/.test(line))).toHaveLength(9);
    expect(lines.filter((line) => line.includes("Read-only file system"))).toHaveLength(4);
    expect(lines).toContain("chroot / true ok");
    expect(lines).toHaveLength(14);
  });

  it("hides and protects the host's files in /proc and /sys", async () => {
    const script =
      "cat /proc/keys /proc/timer_list | wc -c; stat -c %t:%T /proc/keys; ls -A /sys/firmware /proc/acpi | grep -v : ; cat /proc/mounts";
    const { out } = await trials.run(runtime, {}, script);
    const [size, device, ...mounts] = out.trim().split("\n");
    expect([size, device]).toEqual(["0", "1:3"]);
    const rows = mounts
      .map((line) => line.split(" "))
      .map(([, target = "", type = "", options = ""]) => ({ target, type, options: options.split(",") }));
    const optionsOf = (target: string): string[] => rows.findLast((row) => row.target === target)?.options ?? [];
    expect(optionsOf("/proc")).toEqual(expect.arrayContaining(["nosuid", "noexec", "nodev"]));
    expect(optionsOf("/sys")).toEqual(expect.arrayContaining(["ro", "nosuid", "noexec", "nodev"]));
    expect(optionsOf("/dev/shm")).toEqual(expect.arrayContaining(["nosuid", "noexec", "nodev", "size=65536k"]));
    expect(optionsOf("/dev/pts")).toEqual(expect.arrayContaining(["nosuid", "noexec", "gid=5"]));
    expect(optionsOf("/dev")).toEqual(expect.arrayContaining(["nosuid", "size=65536k"]));
    for (const path of ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"]) expect(optionsOf(path)).toContain("ro");
    expect(rows.filter((row) => row.target.startsWith("/sys/fs/cgroup") && !row.options.includes("ro"))).toEqual([]);
  });

  it.skipIf(layout === "v2")("lets through the devices that every program needs", async () => {
    const { linux } = await trials.spec(runtime, {}, "true", "");
    const denials = runtime === "runc" ? deviceDenials(linux?.resources?.devices ?? []) : [];
    const { out } = await trials.run(
      runtime,
      {},
      "cat /sys/fs/cgroup/devices/devices.list; cat /dev/zero | head -c 1 | wc -c; ls -l /proc/self/fd | grep -c '/dev/null\\|pipe:'",
    );
    const rules = out
      .trim()
      .split("\n")
      .filter((line) => /^[abc] /.test(line));
    const expected = [
      "b *:* m",
      "c *:* m",
      ...[3, 5, 7, 8, 9].map((minor) => `c 1:${minor} rwm`),
      "c 136:* rwm",
      "c 5:0 rwm",
      "c 5:1 rwm",
      "c 5:2 rwm",
    ];
    // No driver is here to take them from runc's group.
    expect(rules.filter((rule) => !denials.includes(rule)).toSorted()).toEqual(expected.toSorted());
  });

  it("stands in name spaces of its own", async () => {
    const names = ["mnt", "net", "pid", "uts", "ipc", "cgroup"];
    const { out } = await trials.run(
      runtime,
      {},
      `for n in ${names.join(" ")} user; do readlink /proc/self/ns/$n; done; cat /proc/self/cgroup /proc/1/oom_score_adj; hostname; echo $$`,
    );
    const lines = out.trim().split("\n");
    for (const [index, name] of names.entries()) expect(lines[index]).not.toBe(readlinkSync(`/proc/self/ns/${name}`));
    expect(lines[names.length]).toBe(readlinkSync("/proc/self/ns/user"));
    expect(lines.slice(names.length + 1, -3).every((line) => line.endsWith(":/"))).toBe(true);
    expect(lines.slice(-3)).toEqual(["0", "box", "1"]);
  });

  it("has Docker's environment, its own files and folder", async () => {
    const trial = { config: { Env: ["A=1", "PATH=/bin"], WorkingDir: "/srv/app" } };
    const { out } = await trials.run(
      runtime,
      trial,
      "tr '\\0' '\\n' < /proc/1/environ; pwd; cat /etc/hosts /etc/hostname /etc/resolv.conf; ls -d /.dockerenv",
    );
    expect(out.trim().split("\n")).toEqual([
      "PATH=/bin",
      "HOSTNAME=box",
      "A=1",
      "HOME=/root",
      "/srv/app",
      "hosts",
      "hostname",
      "resolv.conf",
      "/.dockerenv",
    ]);
  });

  it("opens no descriptor but its own", async () => {
    const { out } = await trials.run(runtime, {}, "ls -l /proc/1/fd | sed -n 's/.*-> //p'");
    expect(
      out
        .trim()
        .split("\n")
        .filter((target) => !/^(pipe:|socket:|\/dev\/null|\/proc\/1\/fd)/.test(target)),
    ).toEqual([]);
  });

  it("writes nowhere with a read-only root", async () => {
    const script =
      "for d in / /etc /tmp /sys /dev/shm /run/x /proc/sys; do touch $d/w 2>/dev/null && echo $d; done; echo x > /etc/hosts 2>/dev/null && echo hosts; true";
    const { out } = await trials.run(runtime, { hostConfig: { ReadonlyRootfs: true, Tmpfs: { "/run/x": "" } } }, `(${script}) 2>/dev/null`);
    expect(out.trim().split("\n")).toEqual(["/dev/shm", "/run/x"]);
  });

  it("gives limits, sysctls, a tmpfs and an oom score as asked", async () => {
    const hostConfig: HostConfig = {
      Ulimits: [
        { Name: "nofile", Soft: 100, Hard: 200 },
        { Name: "core", Soft: 0, Hard: -1 },
      ],
      Sysctls: { "net.ipv4.ip_forward": "1", "kernel.shmmni": "99" },
      Tmpfs: { "/scratch": "size=1m,exec,mode=700" },
      OomScoreAdj: 500,
      Memory: 64 * 1024 * 1024,
      PidsLimit: 50,
      NanoCpus: 5e8,
      ShmSize: 8 * 1024 * 1024,
    };
    const script = `ulimit -n; ulimit -Hn; ulimit -Hc; cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/1/oom_score_adj
      grep -E ' /(scratch|dev/shm) ' /proc/mounts; stat -c %a /scratch; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null`;
    const lines = (await trials.run(runtime, { hostConfig, config: { Domainname: "lan" } }, script)).out.trim().split("\n");
    expect(lines.slice(0, 7)).toEqual(["100", "200", "unlimited", "1", "99", "0", "500"]);
    expect(lines[7]).toMatch(/(size=1024k|size=8192k)/);
    expect(lines.slice(7, 9).join()).toContain("nosuid,nodev");
    expect(lines[9]).toBe("700");
    if (layout !== "v2") expect(lines.slice(10)).toEqual(["67108864", "50", "50000"]);
  });

  it("mounts recursively read-only, and lets no mount through to the host", async () => {
    const outer = trials.makeFolder("outer");
    mkdirSync(join(outer, "sub"));
    execFileSync("mount", ["-t", "tmpfs", "none", join(outer, "sub")]);
    try {
      const script = "touch /m/a 2>&1; touch /m/sub/a 2>&1; grep -c ' /m' /proc/mounts; touch /w/ok && echo ok";
      const mounts = [bindMount(outer, "/m", { readOnly: true }), bindMount(outer, "/w")];
      const { out } = await trials.run(runtime, { mounts }, script);
      expect(out.match(/Read-only file system/g)).toHaveLength(2);
      expect(out).toContain("ok");
      expect(readdirSync(outer).toSorted()).toEqual(["ok", "sub"]);
    } finally {
      execFileSync("umount", [join(outer, "sub")]);
    }
  });

  it("gives a device with the rights that were asked for", async () => {
    const hostConfig = { Devices: [{ PathOnHost: "/dev/loop-control", PathInContainer: "/dev/mine", CgroupPermissions: "r" }] };
    const { out } = await trials.run(
      runtime,
      { hostConfig },
      "stat -c %t:%T /dev/mine; cat /dev/mine 2>&1 | grep -c denied; sh -c 'true > /dev/mine' 2>&1 | grep -c 'permitted'",
    );
    expect(out.trim().split("\n")[0]).toBe("a:ed");
    expect(out.trim().split("\n")[2]).toBe("1");
  });

  it.skipIf(!existsSync(sysprobeSource))("answers sysprobe as the profile says", async () => {
    const arrange = (rootfs: string): void => void execFileSync("gcc", ["-static", "-O1", "-o", join(rootfs, "p"), sysprobeSource]);
    const { out } = await trials.run(runtime, { arrange }, "/p");
    const answers = new Map(
      out
        .trim()
        .split("\n")
        .map((line) => [line.slice(0, 22).trim(), line.slice(22).trim()] as const),
    );
    expect(answers.size).toBe(45);
    const exceptions: Record<string, string> = {
      "clone3(NULL)": "ENOSYS",
      "ptrace(bad)": "ESRCH",
      process_vm_readv: "ALLOWED",
      "socket(AF_ALG)": "EAFNOSUPPORT",
      "socket(AF_VSOCK)": "EAFNOSUPPORT",
      "socket(PACKET,RAW)": "ALLOWED",
      "socket(INET,RAW)": "ALLOWED",
      "socket(NETLINK_AUDIT)": "ALLOWED",
      "ioctl(TIOCSTI)": "ENOTTY",
    };
    for (const [name, answer] of answers) expect(`${name} ${answer}`).toBe(`${name} ${exceptions[name] ?? "EPERM"}`);
  });

  describe("with an image that means harm", () => {
    let canary: string;
    beforeAll(() => {
      canary = trials.makeFolder("canary");
      writeFileSync(join(canary, "canary"), "host", { mode: 0o600 });
    });

    it.each(["dev", "proc", "sys", "etc"])(
      "P04, CVE-2026-41579, CVE-2026-47766: starts beside a link at /%s, and leaves the host alone",
      async (name) => {
        const arrange = (rootfs: string): void => {
          rmSync(join(rootfs, name), { recursive: true });
          symlinkSync(canary, join(rootfs, name));
          if (name === "etc") mkdirSync(join(rootfs, canary), { recursive: true });
        };
        const { code, out } = await trials.run(runtime, { arrange }, "cat /proc/self/comm; stat -c %F /proc /sys /dev; cat /etc/hosts");
        expect({ code, out }).toEqual({ code: 0, out: "cat\ndirectory\ndirectory\ndirectory\nhosts\n" });
        expect(readdirSync(canary)).toEqual(["canary"]);
      },
    );

    it("mounts through a link inside the root alone", async () => {
      const volume = trials.makeFolder("volume");
      const arrange = (rootfs: string): void => {
        symlinkSync(canary, join(rootfs, "data"));
        symlinkSync(`../../../../../../../..${canary}`, join(rootfs, "up"));
      };
      const mounts = [bindMount(volume, "/data/a"), bindMount(volume, "/up/b"), bindMount(join(trials.folder, "hosts"), "/data/f")];
      const { out } = await trials.run(runtime, { arrange, mounts }, `touch /data/a/x; ls ${canary}; ls /up/b; cat /data/f`);
      expect(out.trim().split("\n")).toEqual(["a", "b", "f", "x", "hosts"]);
      expect(readdirSync(canary)).toEqual(["canary"]);
      expect(readdirSync(volume)).toEqual(["x"]);
    });

    it.each(["/alias", "/alias/sys", "/alias/self"])("refuses a mount that a link would put over /proc: %s", async (target) => {
      const arrange = (rootfs: string): void => symlinkSync("/proc", join(rootfs, "alias"));
      await expect(trials.run(runtime, { arrange, mounts: [bindMount(canary, target)] }, "true")).rejects.toThrow(
        "the mount point is inside /proc",
      );
    });

    it.each(["0", "3", "7"])("fails in /proc/self/fd/%s", async (fd) => {
      const arrange = (rootfs: string): void => symlinkSync(`/proc/self/fd/${fd}`, join(rootfs, "jump"));
      for (const WorkingDir of [`/proc/self/fd/${fd}`, "/jump"]) {
        const { code, out } = await trials.run(runtime, { config: { WorkingDir }, arrange }, "cat ../../../../etc/shadow; pwd");
        expect(code).toBe(1);
        expect(out).not.toContain("root:");
      }
    });

    it("does not overwrite the runtime", async () => {
      const path = execFileSync("which", [runtime], { encoding: "utf8" }).trim();
      const before = execFileSync("sha256sum", [path], { encoding: "utf8" });
      await trials.run(runtime, { config: { Entrypoint: ["/proc/self/exe"], Cmd: [] } }, "");
      expect(execFileSync("sha256sum", [path], { encoding: "utf8" })).toBe(before);
    });
  });

  it("confines one more process as the first", async () => {
    const rootfs = trials.makeRootfs();
    const bundle = trials.makeFolder("bundle");
    const netns = join(bundle, "netns");
    const trial = { hostConfig: { Ulimits: [{ Name: "core", Soft: 0, Hard: -1 }] } };
    const written = JSON.stringify(await trials.spec(runtime, trial, "exec sleep 30", netns, rootfs));
    writeFileSync(join(bundle, "config.json"), written);
    const { process: container } = JSON.parse(written) as OciSpec;
    const script = "grep -E '^(CapInh|CapEff|CapBnd|CapAmb|Seccomp):' /proc/self/status | cut -f2; ulimit -Hc; id -u; echo $A $B $HOME";
    const common = {
      container,
      config: { Env: ["A=1"] },
      hostname: "box",
      args: ["sh", "-c", script],
      env: ["B=2"],
      cwd: "",
      tty: false,
      host: trials.host,
    };
    for (const [name, user, privileged] of [
      ["root", "0", false],
      ["web", "web", false],
      ["privileged", "0", true],
    ] as const) {
      writeFileSync(join(bundle, name), JSON.stringify(execProcess({ ...common, user: resolveUser(rootfs, user), privileged })));
    }
    const [tool, id] = [trials.tool(runtime), `${basename(trials.folder)}-exec`];
    const execs = ["root", "web", "privileged"].map((name) => `${tool} exec --process ${join(bundle, name)} ${id}`).join("; ");
    const { out } = await trials.shell(`${tool} run -d --bundle ${bundle} ${id} >/dev/null 2>&1; ${execs}; ${tool} delete -f ${id}`, netns);
    const [none, set] = ["0000000000000000", "00000000a80425fb"];
    expect(out.trim().split("\n").join(" ")).toBe(
      [
        `${none} ${set} ${set} ${none} 2 unlimited 0 1 2 /root`,
        `${none} ${none} ${set} ${none} 2 unlimited 1000 1 2 /srv`,
        `${none} ${ownCapabilities} ${ownCapabilities} ${none} 2 unlimited 0 1 2 /root`,
      ].join(" "),
    );
  });
});
