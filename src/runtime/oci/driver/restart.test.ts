import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { FileLogReader } from "#logs/read/file-reader.ts";
import { OutputReader } from "../../contract.fixture.ts";
import type { LaunchRequest } from "../../contract.ts";
import { pause, SIGKILL, SuiteBench, timeout } from "../../suite/bench.ts";
import { openSubject } from "./driver.fixture.ts";
import { installedRuntimes } from "../runtimes.ts";

const DAEMON = new URL("testdata/doomed-daemon.ts", import.meta.url).pathname;

/** Counts, so that what is missing shows; ends when it is told to. */
const COUNTER = "n=0; trap 'exit 33' TERM; while :; do n=$((n+1)); echo $n; sleep 0.01; done";

for (const runtime of Object.keys(installedRuntimes())) {
  describe(`a daemon that is killed, with ${runtime}`, () => {
    const bench = new SuiteBench((fixture) => openSubject(fixture, runtime));

    beforeAll(() => bench.open());
    afterEach(() => bench.clear());
    afterAll(() => bench.close());

    /** Starts a daemon of its own process group and waits until it has seen its container's output. */
    async function doom(request: LaunchRequest): Promise<ChildProcess> {
      const words = [DAEMON, `${bench.fixture.folder}/run`, bench.fixture.cgroupParent, runtime, JSON.stringify(request)];
      const daemon = spawn(process.execPath, words, { detached: true, stdio: ["ignore", "pipe", "inherit"] });
      await once(daemon.stdout, "data");
      return daemon;
    }

    async function killGroup(daemon: ChildProcess): Promise<void> {
      const gone = once(daemon, "exit");
      process.kill(-(daemon.pid ?? 0), "SIGKILL");
      await gone;
    }

    async function numbersIn(folder: string): Promise<number[]> {
      const numbers: number[] = [];
      for await (const records of new FileLogReader().read(folder, { stdout: true, stderr: true }, timeout())) {
        numbers.push(...records.map(({ data }) => Number(Buffer.from(data).toString())));
      }
      return numbers;
    }

    it("leaves its container running, attached to and logged without a gap", async () => {
      const made = await bench.request(COUNTER, { stdin: true });
      const daemon = await doom(made);
      await killGroup(daemon);
      await pause(100);
      const recovered = await bench.driver.recover(made.id, made.bundle, undefined);
      expect(recovered).toMatchObject({ kind: "running", paused: false });
      expect(readFileSync(`/proc/${recovered.kind === "running" ? recovered.pid : 0}/comm`, "utf8")).toBe("sh\n");
      const streams = await bench.driver.attach(made.id);
      await new OutputReader(streams).until(/\d+\n\d+\n/);
      streams.close();
      await bench.driver.kill(made.id, 15);
      expect((await bench.driver.exited(made.id)).exitCode).toBe(33);
      const numbers = await numbersIn(`${made.bundle}.logs`);
      expect(numbers.length).toBeGreaterThan(2);
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    });

    it("is told of an end that it did not live to see", async () => {
      const made = await bench.request("echo up; sleep 0.3; echo down; exit 42");
      const daemon = await doom(made);
      await killGroup(daemon);
      await expect.poll(() => readFileSync(made.logPath ?? "", "utf8")).toContain("down");
      await pause(500);
      const before = Date.now();
      const recovered = await bench.driver.recover(made.id, made.bundle, undefined);
      expect(recovered).toMatchObject({ kind: "exited", exit: { exitCode: 42, oomKilled: false } });
      expect(recovered.kind === "exited" && recovered.exit.finishedAt.getTime()).toBeLessThan(before - 100);
      expect(readFileSync(made.logPath ?? "", "utf8")).toContain("down");
    });

    it("finds a container that goes on after its monitor, and ends it", async () => {
      const made = await bench.request("echo up; sleep 60");
      const daemon = await doom(made);
      const record = JSON.parse(readFileSync(`${bench.fixture.folder}/run/monitors/${made.id}.json`, "utf8")) as {
        processes: { monitor: { pid: number } };
      };
      process.kill(daemon.pid ?? 0, "SIGSTOP");
      process.kill(record.processes.monitor.pid, SIGKILL);
      await killGroup(daemon);
      await expect.poll(() => bench.driver.recover(made.id, made.bundle, undefined)).toEqual({ kind: "gone" });
      expect(await bench.residue()).toEqual([]);
    });
  });
}
