import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TarEntry } from "#lib/tar-pack.ts";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive, imageArchive } from "../../support/images.ts";
import { scaled } from "../../support/scale.ts";

/** Flaws that other engines had: each by its name, against a real daemon, with both runtimes where those take part in it. */
const file = (name: string, text: string | Buffer, more: Partial<TarEntry> = {}): TarEntry => ({
  name,
  type: "file",
  mode: 0o644,
  data: Buffer.isBuffer(text) ? text : Buffer.from(text),
  ...more,
});
const folder = (name: string): TarEntry => ({ name, type: "directory", mode: 0o755 });
const link = (name: string, linkname: string): TarEntry => ({ name, type: "symlink", mode: 0o777, linkname });

const ACCOUNTS = [
  file("etc/passwd", "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\n4294967296:x:0:0::/:/bin/sh\n"),
  file("etc/group", "root:x:0:\nann:x:1000:\nextra:x:50:ann\nother:x:60:\n"),
  file("of-extra", "secret", { mode: 0o070, gid: 60 }),
];
const LABELS = {
  "run.oci.hooks.stderr": "/x",
  "run.oci.seccomp.receiver": "/x",
  "org.systemd.property.DevicePolicy": "'auto'",
  "module.wasm.image/variant": "compat",
  "io.podman.annotations.privileged": "TRUE",
  "com.docker.compose.project": "stolen",
  restart: "always",
};
const daemon = useDaemon({
  images: [
    busyboxArchive,
    () => imageArchive("evil:accounts", {}, ACCOUNTS),
    () => imageArchive("evil:labels", { Labels: LABELS }),
    () => imageArchive("evil:env", { Env: ["PATH=/evil", "LD_PRELOAD=/x.so", "NODE_OPTIONS=--require /x.js"] }),
    () =>
      imageArchive("evil:volumes", { Volumes: { "/a/../../../../etc": {}, "/v": {} } }, [
        folder("a"),
        link("v", "/etc"),
        folder("w"),
        link("w/x", "/root"),
      ]),
    () =>
      imageArchive("evil:dev", {}, [
        folder("dev"),
        link("dev/null", "/proc/sys/kernel/hostname"),
        link("dev/console", "/proc/sys/kernel/hostname"),
      ]),
    () => imageArchive("evil:dev-volume", { Volumes: { "/dev": {} } }),
    () => imageArchive("evil:exe", { Entrypoint: ["/proc/self/exe"] }, [file("script", "#!/proc/self/exe\n", { mode: 0o755 })]),
  ],
});
const docker = new DockerCli(daemon);

const pidOf = async (name: string): Promise<number> => Number(await docker.ok("inspect", "-f", "{{.State.Pid}}", name));
const hash = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
const mountTable = (): string[] => readFileSync("/proc/self/mountinfo", "utf8").split("\n");
/** Those of the host itself: what is below /tmp and /run is other tests', and comes and goes. */
const ofTheHost = (table: readonly string[]): string[] => table.filter((line) => !/^\S+ \S+ \S+ \S+ \/(tmp|run)\//.test(line));
const ofTheDaemon = (table: readonly string[]): string[] => table.filter((line) => line.includes(daemon.folder));
const descriptorsOf = (pid: number | string): string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
/** What a process of a container may hold, and no more. */
const HARMLESS = /^(pipe:\[\d+\]|socket:\[\d+\]|\/dev\/null|\/dev\/pts\/\d+|\/dev\/console)$/;

describe.each(["crun", "runc"])("with %s", (runtime) => {
  const run = (...parameters: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> =>
    docker.run(["run", "--rm", "--runtime", runtime, ...parameters]);
  const start = async (...parameters: string[]): Promise<string> => docker.ok("run", "-d", "--runtime", runtime, ...parameters);

  it.each(["4294967296", "4294967295", "2147483648:0", "-1", "0x0", "00", "1e3", "1000 ", " 0"])(
    "CVE-2016-3697, CVE-2024-40635, CVE-2026-46680: user %j is refused, or itself, and never root",
    async (user) => {
      const { code, stdout } = await run("-u", user, "evil:accounts", "id", "-u");
      if (code === 0)
        expect([stdout.trim(), Number(user.split(":")[0])]).toEqual([user.split(":")[0], expect.toSatisfy((id: number) => id > 0)]);
      else expect([code, stdout]).toEqual([125, ""]);
    },
  );

  it("CVE-2026-30892: exec -u 1 is user 1", async () => {
    const id = await start("evil:accounts", "sleep", "60");
    expect(await docker.ok("exec", "-u", "1", id, "id", "-u")).toBe("1");
    expect((await docker.run(["exec", "-u", "4294967296", id, "id", "-u"])).code).not.toBe(0);
    await docker.ok("rm", "-f", id);
  });

  it("CVE-2022-36109, CVE-2023-25173, CVE-2022-2989, CVE-2022-2990: groups are those that were given, and no others", async () => {
    const groups = async (...flags: string[]): Promise<string> => (await run(...flags, "evil:accounts", "id", "-G")).stdout.trim();
    expect(await groups("-u", "ann")).toBe("1000 50");
    expect(await groups("-u", "1000:1000")).toBe("1000");
    expect(await groups("-u", "1000:1000", "--group-add", "60", "--group-add", "extra")).toBe("1000 50 60");
    expect((await run("-u", "1000:1000", "evil:accounts", "cat", "/of-extra")).stdout).toBe("");
    expect((await run("-u", "1000:1000", "--group-add", "other", "evil:accounts", "cat", "/of-extra")).stdout).toBe("secret");
  });

  it("P10, CVE-2016-8867, CVE-2022-24769, CVE-2022-27649, CVE-2022-27650, CVE-2022-29162: no capability is inheritable or ambient, whichever way in", async () => {
    const NONE = ["CapInh:\t0000000000000000", "CapAmb:\t0000000000000000"];
    const read = ["grep", "-E", "CapInh|CapAmb", "/proc/self/status"];
    const id = await start(BUSYBOX, "sleep", "60");
    const ways = [
      ["run", "--rm", "--runtime", runtime, BUSYBOX],
      ["run", "--rm", "--runtime", runtime, "-u", "1000", BUSYBOX],
      ["run", "--rm", "--runtime", runtime, "--cap-add", "NET_ADMIN", BUSYBOX],
      ["run", "--rm", "--runtime", runtime, "--privileged", BUSYBOX],
      ["exec", id],
      ["exec", "-u", "1000", id],
      ["exec", "--privileged", id],
      ["exec", "--privileged", "-u", "1000", id],
    ];
    for (const way of ways) expect([way, (await docker.run([...way, ...read])).stdout.trim().split("\n")]).toEqual([way, NONE]);
    await docker.ok("rm", "-f", id);
  });

  it("CVE-2019-5736: the container cannot write to the runtime that starts it", async () => {
    const programs = ["crun", "runc", "conmon"].map((name) => execFileSync("which", [name], { encoding: "utf8" }).trim());
    const before = programs.map(hash);
    await run("evil:exe");
    const id = await start("--entrypoint", "sleep", "evil:exe", "60");
    await docker.run(["exec", id, "/script"]);
    await docker.run(["exec", id, "/proc/self/exe"]);
    expect(await docker.ok("exec", id, "readlink", "/proc/1/exe")).toBe("/bin/busybox");
    expect(programs.map(hash)).toEqual(before);
    await docker.ok("rm", "-f", id);
  });

  it("P05, CVE-2024-21626: no working folder and no descriptor leads out", { timeout: scaled(60_000, 600_000) }, async () => {
    const id = await start(BUSYBOX, "sleep", "600");
    for (const fd of scaled([0, 3, 5, 7, 8, 9, 11], [...Array(41).keys()])) {
      const [where, ask] = [`/proc/self/fd/${fd}`, ["sh", "-c", "cat ../../../../../etc/shadow; ls ../../../../../root/.bashrc"]];
      for (const way of [
        ["run", "--rm", "--runtime", runtime, "-w", where, BUSYBOX],
        ["exec", "-w", where, id],
      ]) {
        const { code, stdout } = await docker.run([...way, ...ask]);
        expect([fd, code === 0, /root:|bashrc/.test(stdout)]).toEqual([fd, false, false]);
      }
    }
    const list = ["sh", "-c", "for fd in /proc/self/fd/* /proc/1/fd/*; do readlink $fd; done"];
    for (const way of [
      ["exec", id],
      ["exec", "-t", id],
      ["run", "--rm", "--runtime", runtime, BUSYBOX],
      ["run", "--rm", "-t", "--runtime", runtime, BUSYBOX],
    ]) {
      const links = (await docker.run([...way, ...list])).stdout.trim().split(/\r?\n/);
      expect(links.length).toBeGreaterThan(5);
      expect(links.filter((target) => !HARMLESS.test(target))).toEqual([]);
    }
    expect(descriptorsOf(await pidOf(id)).filter((target) => !HARMLESS.test(target))).toEqual([]);
    await docker.ok("rm", "-f", id);
  });

  it("the host's /dev/null stays root's, whoever has it for his standard input", async () => {
    const id = await start("-u", "1000:1000", BUSYBOX, "sleep", "60");
    for (const flags of [[], ["-t"], ["-d"], ["--privileged"]]) await docker.run(["exec", ...flags, "-u", "1000:1000", id, "sleep", "0.1"]);
    const { uid, gid, mode } = statSync("/dev/null");
    expect([uid, gid, mode & 0o777]).toEqual([0, 0, 0o666]);
  });

  it("CVE-2016-9962: what an exec holds while it comes into being is not seen inside", { timeout: 60_000 }, async () => {
    const watch =
      "while [ ! -e /enough ]; do for p in /proc/[0-9]*; do readlink $p/fd/* 2>/dev/null; readlink $p/cwd $p/root; done; done 2>/dev/null | sort -u >/seen; touch /told; sleep 60";
    const id = await start(BUSYBOX, "sh", "-c", watch);
    for (let round = 0; round < 15; round++) await docker.ok("exec", id, "true");
    await docker.ok("exec", id, "touch", "/enough");
    await eventually(() => docker.ok("exec", id, "ls", "/told"));
    const seen = (await docker.ok("exec", id, "cat", "/seen")).split("\n");
    const inside =
      /^(\/|\/proc.*|\/seen|\/dev\/null|(pipe|socket|anon_inode|net|mnt|pid|user|uts|ipc|cgroup):.*|\/memfd:.*|\/bin\/busybox)$/;
    expect(seen.filter((target) => target !== "" && !inside.test(target))).toEqual([]);
    await docker.ok("rm", "-f", id);
  });

  it("CVE-2019-16884, CVE-2019-19921, CVE-2023-27561: nothing is mounted over /proc, /sys/fs/cgroup or the root", async () => {
    for (const target of ["/proc", "/proc/sys", "/sys/fs/cgroup", "/"]) {
      const { code, stderr } = await run("-v", `vol-${runtime}:${target}`, BUSYBOX, "true");
      expect([target, code, stderr]).toEqual([
        target,
        125,
        expect.stringMatching(/mount point is inside|can't be '\/'|destination|invalid/),
      ]);
    }
  });

  it("CVE-2025-31133, CVE-2025-52565, CVE-2025-52881: an image's /dev masks nothing and leads nowhere", async () => {
    const host = readFileSync("/proc/sys/kernel/hostname", "utf8");
    const refused = await run("evil:dev-volume", "true");
    expect([refused.code, refused.stderr]).toEqual([125, expect.stringContaining("nothing can be mounted at /dev")]);
    for (const flags of [[], ["-t"]]) {
      const { stdout } = await run(
        ...flags,
        "evil:dev",
        "sh",
        "-c",
        "stat -c %t:%T /dev/null /proc/keys; (echo x >/proc/keys) 2>&1; (echo x >/proc/sys/kernel/hostname) 2>&1; (echo h >/proc/sysrq-trigger) 2>&1",
      );
      expect(stdout).toMatch(/^1:3\r?\n1:3\r?\n/);
      expect(stdout).toMatch(/hostname: Read-only file system\r?\n.*sysrq-trigger: (Read-only file system|nonexistent directory)/);
    }
    expect(readFileSync("/proc/sys/kernel/hostname", "utf8")).toBe(host);
  });

  it("CVE-2023-25809, CVE-2022-0492: the control groups are read-only", async () => {
    const script =
      "mount | grep cgroup | grep -c '(rw'; for f in /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/release_agent; do echo x >$f; done; mkdir /sys/fs/cgroup/memory/x /sys/fs/cgroup/x";
    const { stdout, stderr } = await run(BUSYBOX, "sh", "-c", script);
    expect(stdout.trim()).toBe("0");
    expect(stderr).toMatch(/Read-only file system/);
  });

  it("CVE-2018-10892, GHSA-jq35, GHSA-6fw5: files that tell of the hardware are masked", async () => {
    const { stdout } = await run(
      BUSYBOX,
      "sh",
      "-c",
      "ls /proc/acpi /proc/scsi /proc/asound /sys/firmware /sys/devices/virtual/powercap 2>/dev/null | grep -v : ; cat /proc/keys /proc/timer_list /proc/interrupts 2>/dev/null; find /sys/devices/system/cpu/cpu0/thermal_throttle -type f 2>/dev/null",
    );
    expect(stdout.trim()).toBe("");
  });

  it("CVE-2020-15257: no socket of the engine is in the host's abstract names", async () => {
    const { stdout } = await run("--network", "host", BUSYBOX, "sh", "-c", "grep @ /proc/net/unix");
    expect(stdout.split("\n").filter((line) => line.includes(daemon.instance.name) || /conmon|dhow|containerd/.test(line))).toEqual([]);
    expect(statSync(daemon.socket).mode & 0o007).toBe(0);
  });

  it("leaves the host's mounts as they were, and no mount below a read-only bind is writable", async () => {
    const source = join(daemon.folder, `tree-${runtime}`);
    mkdirSync(join(source, "sub"), { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "x", join(source, "sub")]);
    try {
      const before = mountTable();
      const { stderr } = await run("-v", `${source}:/h:ro`, "-v", "/:/host:ro", BUSYBOX, "sh", "-c", "touch /h/x; touch /h/sub/x");
      expect(stderr.match(/Read-only file system/g)).toHaveLength(2);
      await eventually(() => {
        const after = mountTable();
        expect(ofTheHost(after)).toEqual(ofTheHost(before));
        // Containers of earlier tests may still have been going.
        expect(ofTheDaemon(after).filter((line) => !before.includes(line))).toEqual([]);
      });
    } finally {
      execFileSync("umount", [join(source, "sub")]);
    }
  });

  it("writes nowhere but to memory and volumes with a read-only root", async () => {
    const { stdout } = await run(
      "--read-only",
      "--tmpfs",
      "/t",
      "-v",
      "/v",
      BUSYBOX,
      "sh",
      "-c",
      "for d in $(find / -xdev -type d ! -path '/proc*' ! -path '/sys*'; echo /dev/shm /t /v /dev/mqueue); do touch $d/.w 2>/dev/null && echo $d; done",
    );
    expect(new Set(stdout.trim().split("\n"))).toEqual(
      new Set(["/dev", "/dev/shm", "/t", "/v", "/dev/mqueue"].filter((path) => stdout.includes(`${path}\n`))),
    );
    expect(stdout).toContain("/t\n");
  });
});

it("CVE-2026-53488: an image's labels are labels, whatever they are called", async () => {
  const id = await docker.ok("run", "-d", "evil:labels", "sleep", "60");
  const spec = JSON.parse(readFileSync(join(daemon.instance.execRoot, "bundles", id, "config.json"), "utf8")) as { annotations: object };
  expect(Object.keys(spec.annotations).filter((name) => name in LABELS)).toEqual([]);
  expect(await docker.ok("inspect", "-f", "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.Privileged}}", id)).toBe("no false");
  await docker.ok("rm", "-f", id);
});

it("CVE-2025-23266: an image's variables reach no program of the host", async () => {
  const id = await docker.ok("run", "-d", "--entrypoint", "/bin/sleep", "evil:env", "60");
  const status = readFileSync(`/proc/${await pidOf(id)}/status`, "utf8");
  const monitor = /^PPid:\s+(\d+)$/m.exec(status)?.[1] ?? "";
  expect(readFileSync(`/proc/${monitor}/environ`, "utf8")).not.toMatch(/LD_PRELOAD|NODE_OPTIONS|evil/);
  await docker.ok("rm", "-f", id);
});

it("keeps the daemon's own descriptors from monitors", async () => {
  const id = await docker.ok("run", "-d", BUSYBOX, "sleep", "60");
  const status = readFileSync(`/proc/${await pidOf(id)}/status`, "utf8");
  const monitor = /^PPid:\s+(\d+)$/m.exec(status)?.[1] ?? "";
  expect(readFileSync(`/proc/${monitor}/comm`, "utf8").trim()).toBe("conmon");
  const foreign = descriptorsOf(monitor).filter((target) => /dhow\.db|engine\.sock|dhowd\.pid|content\/|snapshots\//.test(target));
  expect(foreign).toEqual([]);
  await docker.ok("rm", "-f", id);
});

it("CVE-2022-23648: a volume of an image is filled from the image alone", async () => {
  const said = await docker.ok(
    "run",
    "--rm",
    "evil:volumes",
    "sh",
    "-c",
    "cat /etc/shadow /v/shadow /etc/machine-id 2>/dev/null; ls -A /w/x 2>/dev/null; echo end",
  );
  expect(said).toBe("end");
});

it("CVE-2020-1726: a volume that holds something keeps it", async () => {
  await docker.ok("run", "--rm", "-v", "kept:/v", BUSYBOX, "sh", "-c", "echo mine >/v/passwd");
  expect(await docker.ok("run", "--rm", "-v", "kept:/etc", "evil:accounts", "sh", "-c", "ls /etc; cat /etc/passwd")).toContain("mine");
  await docker.ok("volume", "rm", "kept");
});

it("CVE-2022-0811: a sysctl is one name of a namespace of its own", async () => {
  for (const [name, value] of [
    ["kernel.core_pattern", "x"],
    ["kernel.shm_rmid_forced", "1+kernel.core_pattern=x"],
    ["net.x/../kernel.y", "1"],
    ["net/../kernel/core_pattern", "x"],
  ] as const) {
    const answer = await daemon.api("POST", "/containers/create", { Image: BUSYBOX, HostConfig: { Sysctls: { [name]: value } } });
    const starts = answer.status === 201 ? (await daemon.api("POST", `/containers/${answer.json.Id}/start`)).status : answer.status;
    expect([name, starts]).toEqual([name, expect.toSatisfy((status: number) => status >= 400)]);
  }
  expect(readFileSync("/proc/sys/kernel/core_pattern", "utf8")).not.toBe("x\n");
});

it("odd configurations are refused, and leave the daemon whole", async () => {
  const bodies: object[] = [
    { Env: ["=x"] },
    { Env: ["A\0=x"] },
    { Env: [`A=${"x".repeat(1_000_000)}`] },
    { Cmd: "a string", WorkingDir: "relative" },
    { ExposedPorts: { "99999/xyz": {} } },
    { StopSignal: "-9" },
    { Hostname: "a".repeat(300) },
    { Healthcheck: { Test: ["CMD", "true"], Interval: 1 } },
    { User: "a\0b" },
  ];
  for (const body of bodies) {
    const { status } = await daemon.api("POST", "/containers/create", { Image: BUSYBOX, ...body });
    expect([body, status]).toEqual([body, 400]);
  }
  expect((await daemon.api("GET", "/containers/json?all=1")).status).toBe(200);
});

it("a namespace of a container that is not there, or does not run, is not joined; nor one that has moved on", async () => {
  const id = await docker.ok("create", "--name", "asleep", "--ipc", "shareable", BUSYBOX, "sleep", "60");
  for (const kind of ["pid", "ipc", "network"]) {
    const { code, stderr } = await docker.run(["run", "--rm", `--${kind}`, "container:asleep", BUSYBOX, "true"]);
    expect([kind, code, stderr]).toEqual([kind, 125, expect.stringMatching(/is not running|non running/)]);
  }
  await docker.ok("start", "asleep");
  await docker.ok("run", "-d", "--name", "guest", "--pid", "container:asleep", BUSYBOX, "sleep", "60");
  const namespaceOf = async (name: string): Promise<string> => readlinkSync(`/proc/${await pidOf(name)}/ns/pid`);
  expect(await namespaceOf("guest")).toBe(await namespaceOf("asleep"));
  await docker.ok("restart", "-t", "0", "asleep");
  await eventually(async () => expect(await docker.ok("inspect", "-f", "{{.State.Running}}", "guest")).toBe("false"));
  await docker.ok("start", "guest");
  expect(await namespaceOf("guest")).toBe(await namespaceOf("asleep"));
  expect(await docker.ok("inspect", "-f", "{{.HostConfig.PidMode}}", "guest")).toBe(`container:${id}`);
  await daemon.kill();
  await daemon.start();
  expect(await namespaceOf("guest")).toBe(await namespaceOf("asleep"));
  await docker.ok("rm", "-f", "guest", "asleep");
});
