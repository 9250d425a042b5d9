import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { packTar, type TarEntry } from "#lib/tar-pack.ts";
import { useDaemon } from "../../support/daemon.ts";
import { descriptorsOf, gained } from "../../support/descriptors.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive, imageArchive } from "../../support/images.ts";
import { scaled } from "../../support/scale.ts";
import { oneCall } from "../../support/tiny-program.ts";

/** More flaws that other engines had (see known-flaws.test.ts), and the system calls that are none of a container's business. */
const EPERM = 1;
/** Number, argument, errno. Arguments are wrong on purpose: what comes through changes nothing. */
const CALLS: Readonly<Record<string, readonly [number: number, argument: number, errno: number]>> = {
  "unshare-user": [272, 0x1000_0000, EPERM],
  "unshare-mounts": [272, 0x2_0000, EPERM],
  "unshare-cgroup": [272, 0x200_0000, EPERM],
  setns: [308, 0xffff_ffff, EPERM],
  clone3: [435, 0, 38],
  mount: [165, 0, EPERM],
  umount2: [166, 0, EPERM],
  pivot_root: [155, 0, EPERM],
  open_tree: [428, 0, EPERM],
  move_mount: [429, 0, EPERM],
  fsopen: [430, 0, EPERM],
  fsconfig: [431, 0, EPERM],
  fsmount: [432, 0, EPERM],
  fspick: [433, 0, EPERM],
  mount_setattr: [442, 0, EPERM],
  add_key: [248, 0, EPERM],
  request_key: [249, 0, EPERM],
  keyctl: [250, 0, EPERM],
  bpf: [321, 0, EPERM],
  perf_event_open: [298, 0, EPERM],
  userfaultfd: [323, 1, EPERM],
  io_uring_setup: [425, 8, EPERM],
  io_uring_enter: [426, 0, EPERM],
  open_by_handle_at: [304, 0xffff_ffff, EPERM],
  kexec_load: [246, 0, EPERM],
  kexec_file_load: [320, 0, EPERM],
  init_module: [175, 0, EPERM],
  finit_module: [313, 0xffff_ffff, EPERM],
  delete_module: [176, 0, EPERM],
  swapon: [167, 0, EPERM],
  swapoff: [168, 0, EPERM],
  reboot: [169, 0, EPERM],
  acct: [163, 1, EPERM],
  settimeofday: [164, 1, EPERM],
  clock_settime: [227, 0, EPERM],
  syslog: [103, 10, EPERM],
  quotactl: [179, 0, EPERM],
  iopl: [172, 3, EPERM],
  ioperm: [173, 0, EPERM],
  personality: [135, 0x40_0000, EPERM],
  fanotify_init: [300, 0, EPERM],
  lookup_dcookie: [212, 0, EPERM],
  nfsservctl: [180, 0, EPERM],
  sethostname: [170, 1, EPERM],
  setdomainname: [171, 1, EPERM],
  vhangup: [153, 0, EPERM],
  pidfd_getfd: [438, 0xffff_ffff, EPERM],
  move_pages: [279, 1, EPERM],
  kcmp: [312, 1, EPERM],
  // As if the kernel had none of them (CVE-2026-31431).
  "socket-AF_ALG": [41, 38, 97],
  "socket-AF_VSOCK": [41, 40, 97],
  // What is everybody's: the kernel answers, that there is no such descriptor, or signal.
  read: [0, 999, 9],
  fstat: [5, 999, 9],
  kill: [62, 0x7fff_ffff, 3],
};

const file = (name: string, data: Buffer): TarEntry => ({ name, type: "file", mode: 0o755, data });
/** Whoever runs one of these leaves a mark, at the root of the file system that it sees: the container's, or the host's. */
const MARK = "pwned-by-an-image";
const TOOLS = ["ps", "nsenter", "tar", "iptables", "nft", "ip", "mount", "umount", "xz", "unpigz", "zstd", "gzip", "getent", "node"];
const trojan = (name: string): readonly TarEntry[] =>
  ["usr/bin", "usr/sbin", "usr/local/bin"].map((folder) => file(`${folder}/${name}`, Buffer.from(`#!/bin/busybox sh\n>/${MARK}\n`)));

const folder = mkdtempSync(join(tmpdir(), "more-flaws-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A library that leaves the mark when it is loaded, without a library of its own. */
function evilLibrary(): Buffer {
  writeFileSync(
    join(folder, "evil.c"),
    `#include <fcntl.h>
#include <sys/syscall.h>
__attribute__((constructor)) static void load(void) {
  long made, path = (long)"/${MARK}", at = AT_FDCWD;
  register long mode __asm__("r10") = 0666;
  __asm__ volatile("syscall" : "=a"(made) : "a"(SYS_openat), "D"(at), "S"(path), "d"((long)(O_CREAT | O_WRONLY)), "r"(mode) : "rcx", "r11", "memory");
}
`,
  );
  execFileSync("gcc", ["-shared", "-fPIC", "-nostdlib", "-O1", "-o", join(folder, "evil.so"), join(folder, "evil.c")]);
  return readFileSync(join(folder, "evil.so"));
}

function evilTools(): Buffer {
  const library = process.arch === "x64" ? evilLibrary() : Buffer.from("");
  const libraries = ["files", "dns", "compat", "systemd"].flatMap((name) =>
    ["lib", "lib/x86_64-linux-gnu", "usr/lib"].map((path) => file(`${path}/libnss_${name}.so.2`, library)),
  );
  const modules = file("node_modules/koffi/index.js", Buffer.from(`require("fs").writeFileSync("/${MARK}", "")`));
  const switched = file("etc/nsswitch.conf", Buffer.from("passwd: systemd files\ngroup: systemd files\n"));
  return imageArchive("evil:tools", { Env: ["PATH=/bin"] }, [...TOOLS.flatMap(trojan), ...libraries, modules, switched]);
}

const daemon = useDaemon({
  images: [
    busyboxArchive,
    () =>
      imageArchive(
        "evil:calls",
        {},
        Object.entries(CALLS).map(([name, [number, argument]]) => file(`calls/${name}`, oneCall(number, argument))),
      ),
    evilTools,
    () => imageArchive("evil:accounts-fifo", {}, [{ name: "etc/passwd", type: "fifo", mode: 0o644 }]),
    () => imageArchive("evil:accounts-huge", {}, [{ ...file("etc/group", Buffer.alloc(20_000_000, "x:x:1:\n")), mode: 0o644 }]),
    () => imageArchive("legal:linked", {}, [{ name: "sockets", type: "symlink", mode: 0o777, linkname: "/root" }]),
  ],
});
const docker = new DockerCli(daemon);

describe.skipIf(process.arch !== "x64").each(["crun", "runc"])("P07: system calls, with %s", (runtime) => {
  const ask = async (...flags: string[]): Promise<Record<string, number>> => {
    const script = "for p in /calls/*; do $p; echo ${p##*/} $?; done";
    const said = await docker.ok("run", "--rm", "--runtime", runtime, ...flags, "evil:calls", "sh", "-c", script);
    return Object.fromEntries(said.split("\n").map((line) => [line.split(" ")[0], Number(line.split(" ")[1])]));
  };

  it("CVE-2026-31431: are refused that are none of a container's business", async () => {
    const expected = Object.fromEntries(Object.entries(CALLS).map(([name, [, , errno]]) => [name, errno]));
    expect(await ask()).toEqual(expected);
  });

  it("come to the kernel where there is no profile", async () => {
    const answers = await ask("--security-opt", "seccomp=unconfined", "--cap-add", "SYS_ADMIN");
    const open = ["io_uring_setup", "fsopen", "open_tree", "keyctl", "userfaultfd", "mount_setattr"].filter(
      (name) => answers[name] !== EPERM,
    );
    expect(open.length).toBeGreaterThan(3);
  });
});

it("CVE-2022-1227, CVE-2019-14271: no program and no library of a container is run by what the host does for it", async () => {
  await docker.ok("run", "-d", "--name", "trap", "--health-cmd", "true", "--health-interval", "1s", "evil:tools", "sleep", "1000");
  // The traps spring, when somebody walks into them.
  await docker.ok("run", "--rm", "evil:tools", "sh", "-c", `/usr/bin/ps; ls /${MARK}`);
  await docker.ok("network", "create", "aside");
  const archive = packTar([file("copied", Buffer.from("x"))]);
  await docker.ok("top", "trap");
  await docker.ok("stats", "--no-stream", "trap");
  await docker.ok("exec", "-u", "root", "trap", "true");
  await docker.ok("network", "connect", "aside", "trap");
  await docker.ok("diff", "trap");
  await docker.ok("commit", "trap", "evil:committed");
  for (const [method, path, body] of [
    ["PUT", "/containers/trap/archive?path=/tmp", archive],
    ["PUT", "/containers/trap/archive?path=/", execFileSync("gzip", { input: archive })],
    ["PUT", "/containers/trap/archive?path=/", execFileSync("xz", { input: archive })],
    ["GET", "/containers/trap/archive?path=/etc", undefined],
    ["GET", "/containers/trap/export", undefined],
  ] as const)
    expect([method, path, (await daemon.api(method, path, body)).status]).toEqual([method, path, 200]);
  await docker.ok("restart", "-t", "0", "trap");
  expect(await docker.ok("exec", "trap", "sh", "-c", `ls -d /${MARK} /tmp/${MARK} 2>/dev/null; echo none`)).toBe("none");
  expect(existsSync(`/${MARK}`)).toBe(false);
  await docker.ok("rm", "-f", "trap");
  await docker.ok("network", "rm", "aside");
  await docker.ok("rmi", "evil:committed");
});

/** A process of the host with that very number, where the kernel can be asked to give it out again, and nobody else is faster all the time. */
function sleeperWithPid(pid: number): ChildProcess | undefined {
  for (let round = 0; round < 100; round++) {
    try {
      writeFileSync("/proc/sys/kernel/ns_last_pid", String(pid - 1));
    } catch {
      return undefined;
    }
    const child = spawn("sleep", ["1000"]);
    if (child.pid === pid) return child;
    child.kill();
  }
  return undefined;
}

it("podman #25104: a number that the kernel gave to another process is nobody's container, nor its monitor", async () => {
  const id = await docker.ok("run", "-d", "--name", "gone", "--restart", "no", BUSYBOX, "sleep", "1000");
  const pid = Number(await docker.ok("inspect", "-f", "{{.State.Pid}}", id));
  const monitor = Number(/PPid:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  await daemon.kill();
  for (const one of [monitor, pid]) process.kill(one, "SIGKILL");
  await eventually(() => expect([existsSync(`/proc/${monitor}`), existsSync(`/proc/${pid}`)]).toEqual([false, false]));
  const strangers = [pid, monitor].flatMap((number) => sleeperWithPid(number) ?? []);
  try {
    await daemon.start();
    expect(await docker.ok("inspect", "-f", "{{.State.Status}} {{.State.Pid}}", id)).toBe("exited 0");
    for (const verb of [["stop", "-t", "0"], ["kill"], ["rm", "-f"]]) await docker.run([...verb, id]);
    for (const stranger of strangers) expect(readFileSync(`/proc/${stranger.pid}/comm`, "utf8")).toBe("sleep\n");
  } finally {
    for (const stranger of strangers) stranger.kill();
  }
});

it("CVE-2021-25741: a part of a volume that becomes a link while it is mounted is the volume's, or nothing", async () => {
  const canary = join(daemon.folder, "canary");
  mkdirSync(canary, { recursive: true });
  writeFileSync(join(canary, "canary"), "8bd1c29e-of-the-host");
  const flip = `mkdir -p /v/kept /v/s; while :; do mv /v/s /v/kept/s; ln -s ${canary} /v/s; rm /v/s; mv /v/kept/s /v/s; done`;
  await docker.ok("run", "-d", "--name", "flips", "-v", "flipped:/v", "--network", "none", BUSYBOX, "sh", "-c", flip);
  const outcomes = new Set<number | null>();
  for (let round = 0; round < 8; round++) {
    const mount = "type=volume,src=flipped,dst=/m,volume-subpath=s";
    const { code, stdout, stderr } = await docker.run(["run", "--rm", "--network", "none", "--mount", mount, BUSYBOX, "cat", "/m/canary"]);
    outcomes.add(code);
    expect(stdout + stderr).not.toContain("8bd1c29e-of-the-host");
  }
  expect([...outcomes].filter((code) => ![1, 125].includes(code ?? 0))).toEqual([]);
  await docker.ok("rm", "-f", "flips");
  await docker.ok("volume", "rm", "flipped");
});

describe("P02, CVE-2024-9676, CVE-2026-47262, GHSA-72x6: accounts that are none", () => {
  it.each([
    ["a FIFO, which a reader would wait at for ever", "evil:accounts-fifo"],
    ["20 MB", "evil:accounts-huge"],
  ])("%s: a start says so or does without, and everything can be removed", async (_, image) => {
    const memory = daemon.residentMegabytes();
    const { json, status } = await daemon.api("POST", "/containers/create", { Image: image, User: "somebody", Cmd: ["true"] });
    const start = status === 201 ? await daemon.api("POST", `/containers/${json.Id}/start`) : undefined;
    expect([status, start?.status]).not.toContain(500);
    expect(start?.status).not.toBe(204);
    const plain = (await daemon.api("POST", "/containers/create", { Image: image, Cmd: ["/bin/true"] })).json.Id as string;
    await daemon.api("POST", `/containers/${plain}/start`);
    expect(await docker.ok("ps", "-a", "--no-trunc", "--format", "{{.ID}}")).toContain(plain);
    expect(daemon.residentMegabytes() - memory).toBeLessThan(50);
    for (const id of [plain, ...(status === 201 ? [json.Id as string] : [])]) await docker.ok("rm", "-f", id);
    await docker.ok("rmi", "-f", image);
  });
});

it("moby #52653: what is mounted at a place that a link of the image leads to is copied like anything else", async () => {
  const source = join(daemon.folder, "mounted");
  writeFileSync(source, "mounted");
  const id = await docker.ok("create", "-v", `${source}:/sockets/mine`, "legal:linked", "cat", "/root/mine");
  for (const path of ["/sockets/mine", "/root/mine"]) {
    await docker.ok("cp", `${id}:${path}`, join(daemon.folder, "copied"));
    expect(readFileSync(join(daemon.folder, "copied"), "utf8")).toBe("mounted");
  }
  writeFileSync(join(daemon.folder, "beside"), "beside");
  await docker.ok("cp", join(daemon.folder, "beside"), `${id}:/sockets/beside`);
  expect(await docker.ok("start", "-a", id)).toBe("mounted");
  await docker.ok("cp", `${id}:/root/beside`, join(daemon.folder, "back"));
  expect(readFileSync(join(daemon.folder, "back"), "utf8")).toBe("beside");
  await docker.ok("rm", id);
});

it("CVE-2025-0750: nobody who asks for a container says where on the host its log is, or what is removed with it", async () => {
  const victim = join(daemon.folder, "victim");
  writeFileSync(victim, "victim");
  const create = (body: object) => daemon.api("POST", "/containers/create", { Image: BUSYBOX, Cmd: ["echo", "logged"], ...body });
  for (const name of ["path", "log-path", "logpath", "filename"]) {
    const refused = await create({ HostConfig: { LogConfig: { Type: "json-file", Config: { [name]: victim } } } });
    expect([refused.status, refused.json.message]).toEqual([400, expect.stringContaining(`unknown log opt '${name}'`)]);
  }
  const { status, json } = await create({
    LogPath: victim,
    HostsPath: victim,
    ResolvConfPath: victim,
    GraphDriver: { Data: { UpperDir: victim } },
  });
  if (status === 201) {
    await daemon.api("POST", `/containers/${json.Id}/start`);
    await daemon.api("POST", `/containers/${json.Id}/wait`);
    const shown = (await daemon.api("GET", `/containers/${json.Id}/json`)).json as Record<string, string>;
    for (const path of ["LogPath", "HostsPath", "ResolvConfPath"]) expect(shown[path]).toMatch(new RegExp(`^${daemon.instance.dataRoot}/`));
    expect((await daemon.api("DELETE", `/containers/${json.Id}?v=1`)).status).toBe(204);
  }
  expect(readFileSync(victim, "utf8")).toBe("victim");
});

it("CVE-2025-64329, CVE-2026-53495: an exec ends with its program, and one that nobody reads, or that is left, leaves nothing", async () => {
  await docker.ok("run", "-d", "--name", "left-alone", BUSYBOX, "sleep", "1000");
  const exec = async (body: object): Promise<string> =>
    (await daemon.api("POST", "/containers/left-alone/exec", { AttachStdout: true, ...body })).json.Id as string;
  const id = await exec({ Cmd: ["sh", "-c", "sleep 1000 & echo hi; exit 3"] });
  // A child that goes on has the output open still: what counts is the program.
  const { leave, said } = begin(`/exec/${id}/start`);
  await eventually(async () => {
    expect((await daemon.api("GET", `/exec/${id}/json`)).json).toMatchObject({ Running: false, ExitCode: 3 });
    expect(said()).toContain("hi");
  });
  leave();
  const before = descriptorsOf(daemon.pid);
  for (let round = 0; round < scaled(30, 5000); round++) {
    const left = begin(`/exec/${await exec({ Cmd: ["sleep", "0.2"], AttachStdin: true })}/start`);
    await left.answered;
    left.leave();
    const watched = begin("/containers/left-alone/attach?stream=1&stdout=1");
    await watched.answered;
    watched.leave();
  }
  await eventually(() => expect(gained(before, descriptorsOf(daemon.pid)).filter((line) => !/socket \+[1-3]$/.test(line))).toEqual([]));
  await docker.ok("rm", "-f", "left-alone");
});

/** A stream that may be left at any time. */
function begin(path: string): { readonly leave: () => void; readonly answered: Promise<void>; readonly said: () => string } {
  let [said, leave] = ["", (): void => void sent.destroy()];
  const headers = { "content-type": "application/json", connection: "Upgrade", upgrade: "tcp" };
  const sent = request({ socketPath: daemon.socket, method: "POST", path, headers });
  const answered = new Promise<void>((resolve) => {
    sent.once("upgrade", (_, socket, head: Buffer) => {
      said += head.toString(); // What came with the answer.
      // The connection is the request's no more.
      leave = () => void socket.destroy();
      socket.on("data", (chunk: Buffer) => (said += chunk.toString())).on("error", () => undefined);
      resolve();
    });
    sent.once("response", () => resolve());
  });
  sent.on("error", () => undefined).end("{}");
  return { leave: () => leave(), answered, said: () => said };
}
