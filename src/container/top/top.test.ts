import { describe, expect, test } from "vitest";
import { Harness } from "../testing/harness.ts";
import { parseProcess, readProcesses, type HostProcess, type HostView } from "./process-table.ts";
import { parsePsArguments } from "./ps-args.ts";

const titles = (text: string): string[] => parsePsArguments(text).map(({ title }) => title);

describe("arguments", () => {
  test.each([
    ["-ef", "UID PID PPID C STIME TTY TIME CMD"],
    ["-f", "UID PID PPID C STIME TTY TIME CMD"],
    ["-e", "PID TTY TIME CMD"],
    ["aux", "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND"],
    ["-aux", "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND"],
    ["u", "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND"],
    ["-o pid,comm", "PID COMMAND"],
    ["-opid,comm", "PID COMMAND"],
    ["-eo pid,user,args", "PID USER COMMAND"],
    ["axo pid,%cpu,etime", "PID %CPU ELAPSED"],
    ["-o pid -o stat", "PID STAT"],
    ["-o pid=NUMBER", "NUMBER"],
  ])("%s: %s", (text, expected) => {
    expect(titles(text).join(" ")).toBe(expected);
  });

  test.each([
    ["-o comm", "Couldn't find PID field in ps output"],
    ["bogus--", "unsupported option"],
    ["-o", "Couldn't find PID field"],
    ["-o pid,bogus", "unknown user-defined format specifier"],
    ["-o pid,constructor", "unknown user-defined format specifier"],
    ["-ef -L", "unsupported option"],
  ])("%s is refused", (text, message) => {
    expect(() => titles(text)).toThrow(message);
  });
});

const stat =
  "42 (a) R 1 (b) S 7 42 42 34816 42 4194304 100 0 0 0 250 50 0 0 20 -5 3 0 1000 8192000 512 18446744073709551615 " +
  "1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0";
const status = "Name:\ta\nUid:\t1000\t1001\t1000\t1000\nGid:\t5\t6\t5\t5\n";
const host: HostView = {
  bootTime: 1_700_000_000,
  uptime: 110,
  memoryBytes: 4096 * 51_200,
  userNames: new Map([[1001, "app"]]),
  groupNames: new Map(),
};

function shown(process: HostProcess, keys: string): string[] {
  return parsePsArguments(`-o pid,${keys}`)
    .slice(1)
    .map(({ value }) => value(process, host));
}

test("a name that looks like fields does not shift them", () => {
  expect(parseProcess(42, stat, status, "/bin/a\0-x\0y z\0")).toMatchObject({
    comm: "a) R 1 (b",
    state: "S",
    ppid: 7,
    threads: 3,
    command: "/bin/a -x y z",
    uid: 1001,
    gid: 6,
  });
});

test.each([
  ["user,uid,group", ["app", "1001", "6"]],
  ["tty,stat,s", ["pts/0", "S<sl+", "S"]],
  ["c,pcpu,pmem", ["3", "3.0", "1.0"]],
  ["vsz,rss", ["8000", "2048"]],
  ["time,bsdtime,etime,etimes", ["00:00:03", "0:03", "01:40", "100"]],
  ["cmd,comm", ["[a) R 1 (b]", "a) R 1 (b"]],
  ["ni,nlwp,psr", ["-5", "3", "1"]],
])("columns %s: %j", (keys, values) => {
  expect(shown(parseProcess(42, stat, status, ""), keys)).toEqual(values);
});

test("processes that are gone are left out", async () => {
  const found = await readProcesses([process.pid, 2 ** 22 + 1]);
  expect(found.map(({ pid }) => pid)).toEqual([process.pid]);
});

test("of a container that runs, without running a program", async () => {
  await using harness = new Harness();
  const id = await harness.create("web");
  await expect(harness.service.top(id, "")).rejects.toThrow(`container ${id} is not running`);
  await harness.service.start(id);
  const { titles: shownTitles, processes } = await harness.service.top(id, "-o pid,comm");
  expect(shownTitles).toEqual(["PID", "COMMAND"]);
  expect(processes).toEqual([[String(process.pid), expect.any(String)]]);
});
