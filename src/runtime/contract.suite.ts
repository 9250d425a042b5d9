import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { collect, ContainerFixture, OutputReader, run } from "./contract.fixture.ts";
import type { ExecProcess, ExecRequest, LaunchRequest, RuntimeDriver } from "./contract.ts";

/** A driver under test, and what only its maker can see of it. */
export interface DriverUnderTest extends AsyncDisposable {
  readonly driver: RuntimeDriver;
  /** Another driver over the same folders, as a daemon that starts anew makes one. The first one is not used any more. */
  reopen(): Promise<RuntimeDriver>;
  /** Everything that is left on the host of the containers: paths, processes, cgroups. */
  residue(): Promise<string[]>;
}

const signal = (): AbortSignal => AbortSignal.timeout(30_000);
const SIGKILL = 9;
const SIGTERM = 15;

/** What every RuntimeDriver does, with real containers. */
export function runtimeDriverSuite(name: string, open: (fixture: ContainerFixture) => Promise<DriverUnderTest>): void {
  describe(`the runtime driver with ${name}`, () => {
    let fixture: ContainerFixture;
    let subject: DriverUnderTest;
    let driver: RuntimeDriver;
    const started: string[] = [];

    beforeAll(async () => {
      fixture = await ContainerFixture.open();
      subject = await open(fixture);
      driver = subject.driver;
    });

    afterEach(async () => {
      for (const id of started.splice(0)) await driver.delete(id);
      expect(await subject.residue()).toEqual([]);
    });

    afterAll(async () => {
      await subject[Symbol.asyncDispose]();
      await fixture[Symbol.asyncDispose]();
    });

    const request = async (script: string, more: Partial<LaunchRequest> = {}): Promise<LaunchRequest> => {
      const made = await fixture.request(script, more);
      started.push(made.id);
      return made;
    };

    const start = async (script: string, more: Partial<LaunchRequest> = {}): Promise<string> => run(driver, await request(script, more));

    const exec = (id: string, args: string[], more: Partial<ExecRequest> = {}): Promise<ExecProcess> =>
      driver.exec(
        id,
        { execId: `e${Math.random().toString(36).slice(2)}`, process: fixture.process(args), tty: false, stdin: false, ...more },
        signal(),
      );

    describe("from create to delete", () => {
      it.each([
        ["exit 0", 0],
        ["exit 42", 42],
        ["kill -9 $$; exit 1", 1],
      ])("tells how %j ended", async (script, exitCode) => {
        const before = Date.now();
        const id = await start(script);
        const exit = await driver.exited(id);
        expect(exit).toMatchObject({ exitCode, oomKilled: false });
        expect(exit.finishedAt.getTime()).toBeGreaterThanOrEqual(before - 20);
        expect(await driver.exited(id)).toBe(exit);
      });

      it("runs nothing before start", async () => {
        const made = await request("echo ran");
        const { pid } = await driver.create(made, signal());
        expect(readFileSync(`/proc/${pid}/status`, "utf8")).toMatch(/^Pid:/m);
        expect(await readFile(made.logPath ?? "", "utf8")).toBe("");
        await driver.start(made.id);
        await driver.exited(made.id);
        expect(await readFile(made.logPath ?? "", "utf8")).toContain("ran");
      });

      it("can be started once", async () => {
        const id = await start("sleep 60");
        await expect(driver.start(id)).rejects.toMatchObject({ category: "conflict" });
      });

      it("may be deleted at any stage, and again", async () => {
        const made = await request("sleep 60");
        await driver.create(made, signal());
        await driver.delete(made.id);
        await driver.delete(made.id);
        const id = await start("trap '' TERM; while :; do sleep 1; done");
        await driver.delete(id);
      });

      it("may be run again under the same id", async () => {
        const made = await request("exit 3");
        await run(driver, made);
        expect((await driver.exited(made.id)).exitCode).toBe(3);
        await driver.delete(made.id);
        const again = await fixture.request("exit 4", { id: made.id });
        await run(driver, again);
        expect((await driver.exited(made.id)).exitCode).toBe(4);
      });

      it("logs both streams, and what a long line is made of", async () => {
        const made = await request("echo out; echo err >&2; printf part");
        await run(driver, made);
        await driver.exited(made.id);
        const lines = (await readFile(made.logPath ?? "", "utf8")).trimEnd().split("\n");
        expect(lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\+00:00 /, "")).toSorted()).toEqual([
          "stderr F err",
          "stdout F out",
          "stdout P part",
        ]);
      });

      it("does not log where no log is asked for", async () => {
        const id = await start("echo out", { logPath: undefined });
        expect((await driver.exited(id)).exitCode).toBe(0);
      });

      it("gives the process no descriptors of the host", async () => {
        const made = await request("ls -l /proc/self/fd");
        await driver.create(made, signal());
        const streams = await driver.attach(made.id);
        await driver.start(made.id);
        const { stdout } = await collect(streams.output);
        const targets = [...stdout.matchAll(/-> (.*)$/gm)].map(([, target]) => target?.replace(/\d+/g, "N"));
        expect(targets.toSorted()).toEqual(["/dev/null", "pipe:[N]", "pipe:[N]"]);
      });

      it("is cancelled without a trace", async () => {
        const made = await request("sleep 60");
        const cancelled = AbortSignal.abort();
        await expect(driver.create(made, cancelled)).rejects.toThrow();
        const late = new AbortController();
        setTimeout(() => late.abort(), 8);
        await expect(driver.create(made, late.signal)).rejects.toMatchObject({ category: "cancelled" });
        expect(await subject.residue()).toEqual([]);
      });
    });

    describe("a program that cannot be run", () => {
      it.each([
        ["no-such-program", "not-found-executable", 'exec: "no-such-program": executable file not found in $PATH: unknown'],
        ["/no/such", "not-found-executable", 'exec: "/no/such": stat /no/such: no such file or directory: unknown'],
        ["/etc/not-executable", "not-executable", 'exec: "/etc/not-executable": permission denied: unknown'],
      ])("%s is refused in Docker's words, by create and by exec", async (program, code, words) => {
        const made = await request("");
        made.spec.process.args = [program];
        const prefix = "failed to create task for container: failed to create shim task: OCI runtime create failed: ";
        const refused = await driver.create(made, signal()).catch((error: unknown) => error as Error);
        expect(refused).toMatchObject({ category: "invalid", code });
        expect((refused as Error).message).toMatch(new RegExp(`^${prefix}\\w+ create failed: unable to start container process: `));
        expect((refused as Error).message.endsWith(words)).toBe(true);
        expect(await subject.residue()).toEqual([]);

        const id = await start("sleep 60");
        await expect(exec(id, [program])).rejects.toMatchObject({
          code,
          message: `OCI runtime exec failed: exec failed: unable to start container process: ${words}`,
        });
        await expect(exec(id, [program], { tty: true })).rejects.toMatchObject({ code });
      });

      it("is refused for a runtime that is not there", async () => {
        await expect(driver.create(await request("true", { runtime: "nope" }), signal())).rejects.toMatchObject({
          category: "not-implemented",
          message: "unknown or invalid runtime name: nope",
        });
      });
    });

    describe("attach", () => {
      it("before start loses nothing", async () => {
        for (let round = 0; round < 5; round++) {
          const made = await request("echo first; echo second >&2");
          await driver.create(made, signal());
          const streams = await driver.attach(made.id);
          await driver.start(made.id);
          expect(await collect(streams.output)).toEqual({ stdout: "first\n", stderr: "second\n" });
        }
      });

      it("shows the same to all", async () => {
        const made = await request("seq 1 2000");
        await driver.create(made, signal());
        const all = await Promise.all([1, 2, 3].map(() => driver.attach(made.id)));
        await driver.start(made.id);
        const said = await Promise.all(all.map((streams) => collect(streams.output)));
        expect(said[0]?.stdout.trim().split("\n")).toHaveLength(2000);
        expect(said[1]).toEqual(said[0]);
        expect(said[2]).toEqual(said[0]);
      });

      it("carries what is typed", async () => {
        const id = await start("while read line; do echo got $line; done", { stdin: true });
        const streams = await driver.attach(id);
        const reader = new OutputReader(streams);
        await streams.write(Buffer.from("one\n"));
        await reader.until("got one\n");
        await streams.write(Buffer.from("two\n"));
        await reader.until("got two\n");
        streams.close();
      });

      it("ends stdin with its first client where that is asked for", async () => {
        const id = await start("wc -c", { stdin: true, stdinOnce: true });
        const streams = await driver.attach(id);
        const watcher = await driver.attach(id);
        watcher.close();
        const typed = Buffer.alloc(300_000, "x");
        await streams.write(typed);
        streams.closeStdin();
        expect((await collect(streams.output)).stdout.trim()).toBe("300000");
        expect((await driver.exited(id)).exitCode).toBe(0);
      });

      it("leaves stdin open where that is not asked for", async () => {
        const id = await start("read a; read b; echo $a$b", { stdin: true });
        const first = await driver.attach(id);
        await first.write(Buffer.from("one\n"));
        first.closeStdin();
        first.close();
        const second = await driver.attach(id);
        await second.write(Buffer.from("two\n"));
        expect((await collect(second.output)).stdout).toBe("onetwo\n");
      });

      it("drops what is typed to a container without stdin, or that has closed it", async () => {
        const id = await start("exec <&-; echo ready; sleep 60", { stdin: true });
        const streams = await driver.attach(id);
        const reader = new OutputReader(streams);
        await reader.until("ready");
        for (let i = 0; i < 5; i++) await streams.write(Buffer.alloc(100_000));
        streams.close();
        const deaf = await start("sleep 60");
        const others = await driver.attach(deaf);
        await others.write(Buffer.alloc(1_000_000));
        others.close();
      });

      it("makes the container wait for a client that does not read, and no longer", async () => {
        const made = await request("yes | head -c 20000000; echo end >&2", { logPath: undefined });
        await driver.create(made, signal());
        const idle = await driver.attach(made.id);
        await driver.start(made.id);
        const early = await Promise.race([driver.exited(made.id), new Promise((resolve) => setTimeout(resolve, 300))]);
        expect(early).toBeUndefined();
        idle.close();
        expect((await driver.exited(made.id)).exitCode).toBe(0);
      });

      it("to a container that has ended is a conflict", async () => {
        const id = await start("exit 0");
        await driver.exited(id);
        await expect(driver.attach(id)).rejects.toMatchObject({ category: "conflict" });
      });
    });

    describe("a terminal", () => {
      it("is what the container sees, with the sizes that it is given", async () => {
        const id = await start("tty; until stty size | grep '33 101'; do sleep 0.02; done", { tty: true, stdin: true });
        const reader = new OutputReader(await driver.attach(id));
        await driver.resize(id, { rows: 33, columns: 101 });
        await reader.until("33 101\r\n");
        expect((await driver.exited(id)).exitCode).toBe(0);
      });

      it("echoes, and passes on control characters", async () => {
        const id = await start("cat; exit 130", { tty: true, stdin: true, stdinOnce: true });
        const streams = await driver.attach(id);
        const reader = new OutputReader(streams);
        await streams.write(Buffer.from("hello\n"));
        await reader.until("hello\r\nhello\r\n");
        streams.closeStdin();
        await streams.write(Buffer.from("still\n"));
        await reader.until("still\r\nstill\r\n");
        await streams.write(Buffer.from([3]));
        expect((await driver.exited(id)).exitCode).toBe(130);
      });

      it("has no size where there is none", async () => {
        const id = await start("sleep 60");
        await expect(driver.resize(id, { rows: 1, columns: 1 })).rejects.toMatchObject({ category: "conflict" });
      });
    });

    describe("signals and states", () => {
      it("reach the first process", async () => {
        const id = await start("trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done");
        const streams = await driver.attach(id);
        streams.close();
        await expect.poll(async () => (await driver.processes(id)).length).toBeGreaterThan(0);
        await expect
          .poll(async () => {
            await driver.kill(id, SIGTERM);
            return Promise.race([driver.exited(id).then(({ exitCode }) => exitCode), new Promise((resolve) => setTimeout(resolve, 100))]);
          })
          .toBe(7);
        await driver.kill(id, SIGTERM);
      });

      it("reach all processes", async () => {
        const id = await start("sleep 60 & sleep 60 & wait; exit 5");
        await expect.poll(async () => (await driver.processes(id)).length).toBe(3);
        await driver.kill(id, SIGKILL, "all");
        expect((await driver.exited(id)).exitCode).toBe(137);
      });

      it("stand still while paused, and die of a kill when resumed", async () => {
        const id = await start("while :; do echo tick; sleep 0.02; done");
        const streams = await driver.attach(id);
        const reader = new OutputReader(streams);
        await reader.until("tick");
        await driver.pause(id);
        const [pid] = await driver.processes(id);
        const ticks = (): number => Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(" ")[13]);
        const before = ticks();
        await new Promise((resolve) => setTimeout(resolve, 100));
        expect(ticks()).toBe(before);
        await driver.resume(id);
        await reader.until(/tick[\s\S]*tick/);
        await driver.kill(id, SIGKILL);
        expect((await driver.exited(id)).exitCode).toBe(137);
      });

      it("are deleted from a pause", async () => {
        const id = await start("sleep 60");
        await driver.pause(id);
        await driver.delete(id);
      });
    });

    describe("limits", () => {
      it("tell when the kernel killed for memory", async () => {
        const made = await request("tail /dev/zero");
        made.spec.linux = { ...made.spec.linux, namespaces: made.spec.linux?.namespaces ?? [] };
        made.spec.linux.resources = { memory: { limit: 8 << 20, swap: 8 << 20 } };
        await run(driver, made);
        expect(await driver.exited(made.id)).toMatchObject({ exitCode: 137, oomKilled: true });
      });

      it("do not call it so when somebody else killed", async () => {
        const id = await start("sleep 60");
        await driver.kill(id, SIGKILL);
        expect(await driver.exited(id)).toMatchObject({ exitCode: 137, oomKilled: false });
      });

      it("are changed while it runs", async () => {
        const id = await start("tail /dev/zero & wait; sleep 60");
        await driver.update(id, { memory: { limit: 8 << 20, swap: 8 << 20 } });
        await driver.kill(id, SIGKILL);
        expect((await driver.exited(id)).exitCode).toBe(137);
      });
    });

    describe("exec", () => {
      it("has output, exit code and pid of its own", async () => {
        const id = await start("sleep 60");
        const process = await exec(id, ["/bin/sh", "-c", "echo out; echo err >&2; exit 9"]);
        expect(process.pid).toBeGreaterThan(1);
        expect(await collect(process.output)).toEqual({ stdout: "out\n", stderr: "err\n" });
        expect(await process.exited).toEqual({ exitCode: 9 });
      });

      it("reads what is typed, to its end", async () => {
        const id = await start("sleep 60");
        const process = await exec(id, ["/bin/wc", "-c"], { stdin: true });
        await process.write(Buffer.alloc(500_000));
        process.closeStdin();
        expect((await collect(process.output)).stdout.trim()).toBe("500000");
        expect(await process.exited).toEqual({ exitCode: 0 });
      });

      it("ends with its process though a child holds its stdio", async () => {
        const id = await start("sleep 60");
        const process = await exec(id, ["/bin/sh", "-c", "sleep 60 & yes | head -c 200000; exit 3"]);
        expect((await collect(process.output)).stdout).toHaveLength(200_000);
        expect(await process.exited).toEqual({ exitCode: 3 });
      });

      it("holds little for a client that never reads", async () => {
        const id = await start("sleep 60");
        const process = await exec(id, ["/bin/yes"]);
        await new Promise((resolve) => setTimeout(resolve, 200));
        const before = memoryOf();
        await new Promise((resolve) => setTimeout(resolve, 500));
        expect(memoryOf() - before).toBeLessThan(16 << 20);
        process.kill(SIGKILL);
        expect(await process.exited).toEqual({ exitCode: 137 });
      });

      it("goes on when its client lets go", async () => {
        const id = await start("sleep 60");
        const process = await exec(id, ["/bin/sh", "-c", "seq 1 200000; exit 4"]);
        process.close();
        expect(await process.exited).toEqual({ exitCode: 4 });
      });

      it("has a terminal of the size that was asked for, and of later ones", async () => {
        const id = await start("sleep 60");
        const script = "tty; stty size; trap 'stty size; exit 6' WINCH; while :; do sleep 0.05; done";
        const process = await exec(id, ["/bin/sh", "-c", script], { tty: true, stdin: true, size: { rows: 20, columns: 70 } });
        const reader = new OutputReader(process);
        await reader.until("20 70\r\n");
        await new Promise((resolve) => setTimeout(resolve, 50));
        process.resize({ rows: 21, columns: 71 });
        await reader.until("21 71\r\n");
        expect(await process.exited).toEqual({ exitCode: 6 });
      });

      it("has a terminal that echoes and interrupts, and ends with its process", async () => {
        const id = await start("sleep 60");
        const process = await exec(id, ["/bin/cat"], { tty: true, stdin: true });
        const reader = new OutputReader(process);
        await process.write(Buffer.from("hello\n"));
        await reader.until("hello\r\nhello\r\n");
        await process.write(Buffer.from([3]));
        expect(await process.exited).toEqual({ exitCode: 130 });
        const again = await exec(id, ["/bin/sh", "-c", "sleep 60 & seq 1 3000; exit 2"], { tty: true });
        expect((await collect(again.output)).stdout.split("\r\n")).toHaveLength(3001);
        expect(await again.exited).toEqual({ exitCode: 2 });
      });

      it("is refused in a container that does not run", async () => {
        const made = await request("sleep 60");
        await expect(exec(made.id, ["/bin/true"])).rejects.toMatchObject({ category: "conflict" });
        await driver.create(made, signal());
        await expect(exec(made.id, ["/bin/true"])).rejects.toMatchObject({ category: "conflict" });
      });

      it("runs many at a time", async () => {
        const id = await start("sleep 60");
        const all = await Promise.all(Array.from({ length: 10 }, (_, n) => exec(id, ["/bin/sh", "-c", `echo ${n}; exit ${n}`])));
        const codes = await Promise.all(
          all.map(async (process) => [(await collect(process.output)).stdout, (await process.exited).exitCode]),
        );
        expect(codes).toEqual(all.map((_, n) => [`${n}\n`, n]));
      });
    });

    describe("after a restart of the daemon", () => {
      it("takes over what runs, and attaches again", async () => {
        const made = await request("while read line; do echo got $line; done; exit 8", { stdin: true });
        const id = await run(driver, made);
        const { pid } = { pid: (await driver.processes(id))[0] };
        driver = await subject.reopen();
        expect(await driver.recover(id, made.bundle, made.runtime)).toEqual({ kind: "running", pid, paused: false });
        const streams = await driver.attach(id);
        const reader = new OutputReader(streams);
        await streams.write(Buffer.from("again\n"));
        await reader.until("got again\n");
        const process = await exec(id, ["/bin/echo", "in"]);
        expect((await collect(process.output)).stdout).toBe("in\n");
        await driver.kill(id, SIGKILL);
        expect((await driver.exited(id)).exitCode).toBe(137);
      });

      it("finds out how one ended that nobody was watching", async () => {
        const made = await request("sleep 0.3; echo last words; exit 42");
        const id = await run(driver, made);
        await driver.exited(id);
        const before = await driver.exited(id);
        driver = await subject.reopen();
        expect(await driver.recover(id, made.bundle, made.runtime)).toEqual({ kind: "exited", exit: before });
        expect(await driver.exited(id)).toEqual(before);
        expect(await readFile(made.logPath ?? "", "utf8")).toContain("last words");
      });

      it("starts one that was only created", async () => {
        const made = await request("exit 6");
        const { pid } = await driver.create(made, signal());
        driver = await subject.reopen();
        expect(await driver.recover(made.id, made.bundle, made.runtime)).toEqual({ kind: "created", pid });
        await driver.start(made.id);
        expect((await driver.exited(made.id)).exitCode).toBe(6);
      });

      it("sees that one is paused", async () => {
        const made = await request("sleep 60");
        const id = await run(driver, made);
        await driver.pause(id);
        driver = await subject.reopen();
        expect(await driver.recover(id, made.bundle, made.runtime)).toMatchObject({ kind: "running", paused: true });
      });

      it("knows nothing of one that never was", async () => {
        driver = await subject.reopen();
        expect(await driver.recover("never-was", "/nowhere", undefined)).toEqual({ kind: "gone" });
      });
    });
  });
}

function memoryOf(): number {
  return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024;
}
