import { readdirSync, readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "#lib/logger.ts";
import { FileLogReader } from "#logs/read/file-reader.ts";
import { readCgroupHost } from "#sys/cgroups/cgroup.ts";
import { serviceFolders } from "#sys/cgroups/cgroup-paths.ts";
import { identify, signalProcess } from "#sys/processes/pidfd.ts";
import { collect, OutputReader, run } from "../../contract.fixture.ts";
import { OutputHub } from "../../monitor/output-hub.ts";
import { ClientStreams } from "../../monitor/streams.ts";
import type { MonitorRecord } from "../../monitor/record.ts";
import { pause, SIGKILL, SuiteBench, timeout } from "../../suite/bench.ts";
import { openSubject } from "./driver.fixture.ts";
import { createOciRuntime } from "./open.ts";
import { installedRuntimes } from "../runtimes.ts";

/** Processor time that a process has used, in hundredths of a second. */
function ticksOf(pid: number): number {
  const [utime = "0", stime = "0"] = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ").slice(13, 15);
  return Number(utime) + Number(stime);
}

describe("conmon, as the driver uses it", () => {
  const bench = new SuiteBench((fixture) => openSubject(fixture, "crun"));

  beforeAll(() => bench.open());

  afterEach(() => bench.clear());

  afterAll(() => bench.close());

  const recordOf = (id: string): MonitorRecord =>
    JSON.parse(readFileSync(`${bench.fixture.folder}/run/monitors/${id}.json`, "utf8")) as MonitorRecord;

  function monitorOf(id: string): { pid: number; startTime: number } {
    const { processes } = recordOf(id);
    if (processes === undefined) throw new Error("the container was not created");
    return processes.monitor;
  }

  it("takes its container along when it is killed, and nothing is left", async () => {
    const id = await bench.start("trap '' TERM; while :; do sleep 1; done");
    signalProcess(monitorOf(id), SIGKILL);
    expect(await bench.driver.exited(id)).toMatchObject({ exitCode: 137, oomKilled: false });
    await bench.driver.delete(id);
    expect(await bench.residue()).toEqual([]);
  });

  it("takes along every process of a container that shares the host's pids", async () => {
    const made = await bench.request("sleep 60 & sleep 60 & sleep 60");
    made.spec.linux = { ...made.spec.linux, namespaces: [{ type: "mount" }, { type: "uts" }] };
    await run(bench.driver, made);
    await expect.poll(async () => (await bench.driver.processes(made.id)).length).toBeGreaterThan(2);
    signalProcess(monitorOf(made.id), SIGKILL);
    expect((await bench.driver.exited(made.id)).exitCode).toBe(137);
  });

  it("is gone after a daemon that was away when it was killed", async () => {
    const made = await bench.request("sleep 60");
    const id = await run(bench.driver, made);
    const monitor = monitorOf(id);
    await bench.reopen();
    signalProcess(monitor, SIGKILL);
    await expect.poll(() => identify(monitor.pid)).toBeUndefined();
    expect(await bench.driver.recover(id, made.bundle, "crun")).toEqual({ kind: "gone" });
    expect(await bench.residue()).toEqual([]);
  });

  it("is gone when the daemon died while it made the container", async () => {
    const made = await bench.request("sleep 60");
    await run(bench.driver, made);
    const { processes: _, ...unfinished } = recordOf(made.id);
    await bench.reopen();
    await writeFile(`${bench.fixture.folder}/run/monitors/${made.id}.json`, JSON.stringify(unfinished));
    expect(await bench.driver.recover(made.id, made.bundle, undefined)).toEqual({ kind: "gone" });
    expect(await bench.residue()).toEqual([]);
  });

  it("does not burn a processor for what a container does not read", async () => {
    const id = await bench.start("exec <&-; while :; do echo ready; sleep 0.2; done", { stdin: true });
    const streams = await bench.driver.attach(id);
    await new OutputReader(streams).until("ready");
    const before = ticksOf(monitorOf(id).pid);
    await streams.write(Buffer.from("nobody reads this\n"));
    await pause(300);
    expect(ticksOf(monitorOf(id).pid) - before).toBeLessThan(15);
    streams.close();
  });

  it("passes on what is typed where the kernel gives no descriptors away", async () => {
    const id = await bench.start("head -c 200000 | wc -c", { stdin: true });
    const hub = new OutputHub(recordOf(id).bundle);
    const streams = new ClientStreams(hub, { stdin: { kind: "relay" }, endsStdin: false, onClose: () => hub.close() });
    await streams.write(Buffer.alloc(200_000, "x"));
    expect((await collect(streams.output)).stdout.trim()).toBe("200000");
    streams.close();
    expect((await bench.driver.exited(id)).exitCode).toBe(0);
  });

  it("is in a cgroup and a session of its own", async () => {
    const id = await bench.start("sleep 60");
    const { pid } = monitorOf(id);
    const folders = serviceFolders(readCgroupHost(), `${bench.fixture.cgroupParent}/monitors`);
    for (const folder of folders) {
      await expect.poll(() => readFileSync(`${folder}/cgroup.procs`, "utf8").split("\n")).toContain(String(pid));
    }
    const session = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[3];
    expect(session).toBe(String(pid));
  });

  it("keeps its sockets and the rest from others", async () => {
    const id = await bench.start("sleep 60");
    const abstract = readFileSync("/proc/net/unix", "utf8")
      .split("\n")
      .filter((line) => line.includes("@") && line.includes(id));
    expect(abstract).toEqual([]);
    const descriptors = readdirSync(`/proc/${monitorOf(id).pid}/fd`).length;
    expect(descriptors).toBeLessThan(25);
  });

  it("leaves the daemon with as many descriptors after clients as before", async () => {
    const id = await bench.start("while :; do echo tick; sleep 0.01; done", { stdin: true });
    const visit = async (): Promise<void> => {
      const streams = await bench.driver.attach(id);
      await new OutputReader(streams).until("tick");
      await streams.write(Buffer.from("x"));
      streams.close();
    };
    await visit();
    await pause(50);
    const before = readdirSync("/proc/self/fd").length;
    const theirs = readdirSync(`/proc/${monitorOf(id).pid}/fd`).length;
    for (let n = 0; n < 50; n++) await visit();
    // Of the whole process: other tests open some, too.
    await expect.poll(() => readdirSync("/proc/self/fd").length).toBeLessThan(before + 25);
    await expect.poll(() => readdirSync(`/proc/${monitorOf(id).pid}/fd`).length).toBeLessThanOrEqual(theirs + 1);
  });

  it("still has all of a log's lines when the daemon was away", async () => {
    const made = await bench.request("seq 1 3000");
    await bench.driver.create(made, timeout());
    await bench.driver.start(made.id);
    await bench.reopen();
    await bench.driver.recover(made.id, made.bundle, undefined);
    await bench.driver.exited(made.id);
    const lines: string[] = [];
    for await (const records of new FileLogReader().read(`${made.bundle}.logs`, { stdout: true, stderr: true }, timeout())) {
      lines.push(...records.map(({ data }) => Buffer.from(data).toString()));
    }
    expect(lines).toEqual(Array.from({ length: 3000 }, (_, n) => `${n + 1}\n`));
  });

  it("is not asked to write where it would cut the path", async () => {
    const made = await bench.request("true", { logPath: "/tmp/a:b" });
    await expect(bench.driver.create(made, timeout())).rejects.toMatchObject({ category: "invalid" });
  });

  it.each(["/", "/only-one", "relative/path", "/a/../b", ""])("never gets a container with the cgroup %j", async (cgroupsPath) => {
    const made = await bench.request("true");
    made.spec.linux = { ...made.spec.linux, namespaces: [], cgroupsPath };
    await expect(bench.driver.create(made, timeout())).rejects.toMatchObject({ category: "invalid" });
  });

  it.each(["", "../x", "a/b", "a\0b", "x".repeat(200)])("never gets the id %j", async (id) => {
    const made = await bench.request("true");
    await expect(bench.driver.create({ ...made, id }, timeout())).rejects.toMatchObject({ category: "invalid" });
    await expect(bench.driver.recover(id, made.bundle, undefined)).rejects.toMatchObject({ category: "invalid" });
  });
});

describe("opening the driver", () => {
  const options = {
    instance: { execRoot: "/tmp/dhow-rt-open", cgroupParent: "/dhow-rt-open" },
    runtimes: installedRuntimes(),
    defaultRuntime: "crun",
    monitorPath: "/usr/bin/conmon",
  };

  afterAll(() => rm("/tmp/dhow-rt-open", { recursive: true, force: true }));

  it("tells what there is", async () => {
    await using driver = await createOciRuntime(
      { logger: silentLogger },
      { ...options, runtimes: { ...options.runtimes, other: { path: "/no/such" } } },
    );
    expect(driver.features.runtimes[0]).toMatchObject({ name: "crun", path: "/usr/bin/crun" });
    expect(driver.features.runtimes.map(({ name }) => name)).not.toContain("other");
    expect(driver.features.monitor.version).toMatch(/^2\.\d/);
  });

  it.each([
    ["a default runtime that is missing", { defaultRuntime: "nope" }],
    ["a monitor that is missing", { monitorPath: "/no/such/conmon" }],
    ["something else in the monitor's place", { monitorPath: "/bin/true" }],
    ["an exec root too long for sockets", { instance: { ...options.instance, execRoot: `/tmp/${"x".repeat(100)}` } }],
  ])("fails with %s", async (_, wrong) => {
    await expect(createOciRuntime({ logger: silentLogger }, { ...options, ...wrong })).rejects.toMatchObject({ category: "invalid" });
  });
});
