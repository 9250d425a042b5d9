import { describe, expect, it } from "vitest";
import type { OutputChunk } from "../contract.ts";
import { type MonitorArguments, monitorArguments, monitorEnvironment } from "./arguments.ts";
import { checkId, execFolders } from "./exec-folders.ts";
import { parseExitCode } from "./exit-file.ts";
import { execMonitorArguments } from "./launch-exec.ts";
import { OutputQueue } from "./output-queue.ts";
import { parseSyncMessage } from "./sync-message.ts";

const plain: MonitorArguments = {
  id: "c1",
  bundle: "/run/b",
  pidFile: "/run/c1.pid",
  exitFolder: "/run/exits",
  runtimePath: "/usr/bin/crun",
  runtimeArguments: ["--root=/run/crun"],
  tty: false,
  stdin: false,
  closesStdin: false,
  logPath: "/log/c1.log",
  logFileBytes: undefined,
};

describe("conmon's command line", () => {
  it("for a container without stdin", () => {
    expect(monitorArguments(plain).join("\n")).toMatchInlineSnapshot(`
      "conmon
      --sync
      --api-version=1
      --cid=c1
      --cuuid=c1
      --name=c1
      --bundle=/run/b
      --container-pidfile=/run/c1.pid
      --exit-dir=/run/exits
      --log-path=k8s-file:/log/c1.log
      --full-attach
      --no-sync-log
      --runtime=/usr/bin/crun
      --runtime-arg=--root=/run/crun"
    `);
  });

  it.each([
    [{ tty: true }, ["--terminal"]],
    [{ stdin: true }, ["--stdin", "--leave-stdin-open"]],
    [{ stdin: true, closesStdin: true }, ["--stdin"]],
    [{ tty: true, stdin: true }, ["--terminal", "--stdin", "--leave-stdin-open"]],
    [{ closesStdin: true }, []],
  ])("for %j", (more, expected) => {
    const usual = new Set(monitorArguments(plain));
    expect(monitorArguments({ ...plain, ...more }).filter((word) => !usual.has(word))).toEqual(expected);
  });

  it("without a log", () => {
    expect(monitorArguments({ ...plain, logPath: undefined })).toContain("--log-path=off");
  });

  it("has nothing of the daemon's environment", () => {
    expect(Object.keys(monitorEnvironment("/run/tty")).toSorted((a, b) => a.localeCompare(b))).toEqual([
      "_OCI_STARTPIPE",
      "_OCI_SYNCPIPE",
      "LANG",
      "PATH",
      "TMPDIR",
      "TZ",
    ]);
  });

  it("for an exec", () => {
    const request = {
      containerId: "c1",
      execId: "e1",
      pidFile: "/run/e1",
      specPath: "/proc/self/fd/4",
      spec: 9,
      runtimePath: "/usr/sbin/runc",
      runtimeArguments: ["--root=/run/runc"],
      consoleSocket: "/run/tty/x",
      stdio: [null, null, null],
    };
    expect(execMonitorArguments(request)).toContain("--runtime-opt=--console-socket=/run/tty/x");
    expect(execMonitorArguments({ ...request, consoleSocket: undefined }).some((word) => word.startsWith("--runtime-opt"))).toBe(false);
  });
});

it.each([
  ['{"data": 4711}\n', { kind: "created", pid: 4711 }],
  ['[conmon:w]: a warning\n{"data": 4711}\n', { kind: "created", pid: 4711 }],
  ['{"data": -1, "message": "it \\"said\\"\\nthis\\n"}\n', { kind: "failed", message: 'it "said"\nthis' }],
  ['{"data": -1, "message": "control \u001f here"}\n', { kind: "failed", message: "control ? here" }],
  ['{"data": -1}\n', { kind: "failed", message: "the runtime failed without a word" }],
  ["conmon: option parsing failed: Unknown option --x\n", { kind: "failed", message: "conmon: option parsing failed: Unknown option --x" }],
  ["", { kind: "failed", message: "the monitor ended without a word" }],
  ["{not json\n", { kind: "failed", message: "{not json" }],
  ['{"data": "x"}\n', { kind: "failed", message: '{"data": "x"}' }],
])("reads %j from the sync pipe", (text, expected) => {
  expect(parseSyncMessage(text)).toEqual(expected);
});

it.each([
  ["0", 0],
  ["137", 137],
  ["-1", 255],
  ["", 255],
  ["4096", 255],
])("reads %j from an exit file", (text, code) => {
  expect(parseExitCode(text)).toBe(code);
});

describe("folders and ids", () => {
  it("leave room for a socket's name", () => {
    expect(execFolders("/run/dhow").consoles).toBe("/run/dhow/tty");
    expect(() => execFolders(`/${"x".repeat(90)}`)).toThrow(/too long/);
  });

  it.each(["a", "0123456789abcdef".repeat(4), "my-exec_1.2"])("take %s", (id) => {
    expect(() => checkId("container", id)).not.toThrow();
  });

  it.each(["", ".", "..", "-x", "a/b", "a b", "ä", "a\n"])("do not take %j", (id) => {
    expect(() => checkId("exec", id)).toThrow(/invalid exec id/);
  });
});

describe("the output queue", () => {
  function open(): { queue: OutputQueue; calls: string[] } {
    const calls: string[] = [];
    return { queue: new OutputQueue({ pause: () => calls.push("pause"), resume: () => calls.push("resume") }), calls };
  }

  const read = async (queue: OutputQueue): Promise<OutputChunk[]> => Array.fromAsync(queue.read());

  it("hands out what came, in order, and ends", async () => {
    const { queue } = open();
    queue.push("stdout", Buffer.from("a"));
    queue.push("stderr", Buffer.from("b"));
    queue.push("stdout", Buffer.from("c"));
    queue.push("stdout", Buffer.from("d"));
    queue.end();
    queue.push("stdout", Buffer.from("too late"));
    expect((await read(queue)).map(({ stream, data }) => `${stream} ${Buffer.from(data).toString()}`)).toEqual([
      "stdout a",
      "stderr b",
      "stdout cd",
    ]);
  });

  it("makes its source wait when it is full, and lets it go on when half is read", async () => {
    const { queue, calls } = open();
    for (let n = 0; n < 40; n++) queue.push("stdout", Buffer.alloc(8192));
    expect(calls).toEqual(["pause"]);
    const output = queue.read();
    let bytes = 0;
    while (calls.length === 1) bytes += (await output.next()).value?.data.length ?? 0;
    expect(bytes).toBeGreaterThan(100_000);
    expect(bytes).toBeLessThan(330_000);
    queue.end();
    for await (const { data } of output) bytes += data.length;
    expect(bytes).toBe(40 * 8192);
  });

  it("is full of many tiny chunks too", () => {
    const { queue, calls } = open();
    for (let n = 0; n < 1100; n++) queue.push("stdout", Buffer.from("x"));
    expect(calls).toEqual(["pause"]);
  });

  it("keeps nothing when it is discarded", async () => {
    const { queue } = open();
    queue.push("stdout", Buffer.from("a"));
    queue.discard();
    expect(await read(queue)).toEqual([]);
  });

  it("waits for what comes later", async () => {
    const { queue } = open();
    const all = read(queue);
    await new Promise((resolve) => setTimeout(resolve, 1));
    queue.push("stdout", Buffer.from("late"));
    await new Promise((resolve) => setTimeout(resolve, 1));
    queue.end();
    expect(await all).toHaveLength(1);
  });
});
