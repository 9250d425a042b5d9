import { readdirSync } from "node:fs";
import { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { libc } from "../ffi.ts";
import { identify, openProcess, parseStat, signalProcess, watchExit } from "./pidfd.ts";
import { closeFd, makePipe } from "./pipe.ts";
import { exitCodeOf, spawn, type SpawnRequest } from "./spawn.ts";

/** Unlike the engine's own ways to copy a descriptor, exec keeps what this makes. */
const dup = libc("int dup(int fd)");

const shell = (script: string, more: Partial<SpawnRequest> = {}): SpawnRequest => ({
  file: "/bin/busybox",
  argv: ["sh", "-c", script],
  env: {},
  cwd: "/",
  descriptors: [null, null, null],
  ...more,
});

async function outputOf(script: string, more: Partial<SpawnRequest> = {}): Promise<string> {
  const pipe = makePipe();
  const child = await spawn(shell(script, { descriptors: [null, pipe.write, pipe.write], ...more }));
  closeFd(pipe.write);
  const said = await text(new Socket({ fd: pipe.read, readable: true, writable: false }));
  await child.exited;
  return said;
}

describe("spawn", () => {
  it.each([
    ["exit 0", 0],
    ["exit 7", 7],
    ["kill -9 $$", 137],
  ])("sees how %j ends", async (script, code) => {
    expect(await (await spawn(shell(script))).exited).toBe(code);
  });

  it("gives the child its environment and folder and nothing else", async () => {
    const more = { env: { A: "b c" }, cwd: "/proc" };
    expect(await outputOf("", { argv: ["env"], ...more })).toBe("A=b c\n");
    expect(await outputOf("", { argv: ["pwd"], ...more })).toBe("/proc\n");
  });

  it("gives the child no descriptor but those named", async () => {
    const leak = dup(1) as number;
    const said = await outputOf("/bin/busybox ls /proc/self/fd");
    closeFd(leak);
    // 3 is the folder that ls reads.
    expect(said.split("\n").filter(Boolean)).toEqual(["0", "1", "2", "3"]);
  });

  it("puts descriptors in place whatever their numbers are here", async () => {
    const pipe = makePipe();
    const child = await spawn(shell("echo to-one; echo to-two >&2", { descriptors: [null, pipe.write, pipe.write, 2, 1, 0] }));
    closeFd(pipe.write);
    expect(await text(new Socket({ fd: pipe.read, readable: true, writable: false }))).toBe("to-one\nto-two\n");
    await child.exited;
  });

  it("starts a session of its own, with SIGPIPE as it is by default", async () => {
    const said = await outputOf("cat /proc/self/stat; cat /proc/self/status; echo $$", { env: { PATH: "/bin" } });
    const session = Number(said.slice(said.indexOf(")") + 2).split(" ")[3]);
    expect(session).toBe(Number(said.trim().split("\n").at(-1)));
    expect(BigInt(`0x${/SigIgn:\s*(\w+)/.exec(said)?.[1]}`) & (1n << 12n)).toBe(0n);
  });

  it.each([
    ["ENOENT", { file: "/bin/no-such-program" }],
    ["EACCES", { file: "/etc/passwd" }],
    ["ENOENT", { cwd: "/no/such/folder" }],
    ["EINVAL", { argv: ["sh", "a\0b"] }],
  ])("fails with %s for %j", async (code, more) => {
    await expect(spawn(shell("true", more))).rejects.toMatchObject({ code });
  });

  it("kills by descriptor, and does nothing once the process is gone", async () => {
    const child = await spawn(shell("exec /bin/busybox sleep 60"));
    expect(child.kill(15)).toBe(true);
    expect(await child.exited).toBe(143);
    expect(child.kill(15)).toBe(false);
  });

  it("starts any number at a time", async () => {
    const children = await Promise.all(Array.from({ length: 300 }, (_, n) => spawn(shell(`exit ${n % 7}`))));
    expect(await Promise.all(children.map(({ exited }) => exited))).toEqual(children.map((_, n) => n % 7));
  });

  it("leaves no zombie and no descriptor", async () => {
    await (
      await spawn(shell("true"))
    ).exited;
    const before = openDescriptors();
    const children = await Promise.all(Array.from({ length: 20 }, () => spawn(shell("true"))));
    await Promise.all(children.map((child) => child.exited));
    expect(children.map(({ pid }) => identify(pid))).toEqual(children.map(() => undefined));
    // Of the whole process: other tests open some, too.
    await expect.poll(openDescriptors).toBeLessThan(before + 10);
  });
});

describe("process identity", () => {
  it("survives a name with spaces and parentheses", () => {
    const rest = "S 1 2 3 0 -1 0 0 0 0 0 5 6 0 0 20 0 1 0 4242 0";
    expect(parseStat(`17 (a) b (c) ${rest}`)).toEqual({ state: "S", parent: 1, startTime: 4242 });
  });

  it("is not fooled by a pid that was given away again", async () => {
    const child = await spawn(shell("exec /bin/busybox sleep 60"));
    const identity = identify(child.pid) ?? { pid: -1, startTime: -1 };
    expect(openProcess({ ...identity, startTime: identity.startTime + 1 })).toBeUndefined();
    expect(signalProcess({ ...identity, startTime: identity.startTime - 1 }, 9)).toBe(false);
    expect(signalProcess(identity, 9)).toBe(true);
    expect(await child.exited).toBe(137);
    expect(signalProcess(identity, 9)).toBe(false);
  });

  it("tells of the end of a process that is no child", async () => {
    const pid = Number(await outputOf("/bin/busybox sleep 60 >/dev/null 2>&1 & echo $!"));
    const identity = identify(pid) ?? { pid: -1, startTime: -1 };
    const watch = watchExit(openProcess(identity) ?? -1);
    signalProcess(identity, 9);
    await watch.ready;
    expect(identify(pid)).toBeUndefined();
  });
});

it.each([
  [0x0000, 0],
  [0x0700, 7],
  [0xff00, 255],
  [0x0009, 137],
  [0x008b, 139],
])("reads wait status %i as %i", (status, code) => {
  expect(exitCodeOf(status)).toBe(code);
});

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}
