import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { collect, run } from "../contract.fixture.ts";
import { pause, type SuiteBench, timeout } from "./bench.ts";

export function lifecycleSuite(bench: SuiteBench): void {
  describe("from create to delete", () => {
    it.each([
      ["exit 0", 0],
      ["exit 42", 42],
      ["kill -9 $$; exit 1", 1],
    ])("tells how %j ended", async (script, exitCode) => {
      const before = Date.now();
      const id = await bench.start(script);
      const exit = await bench.driver.exited(id);
      expect(exit).toMatchObject({ exitCode, oomKilled: false });
      expect(exit.finishedAt.getTime()).toBeGreaterThanOrEqual(before);
      expect(await bench.driver.exited(id)).toBe(exit);
    });

    it("runs nothing before start", async () => {
      const made = await bench.request("echo ran");
      const { pid } = await bench.driver.create(made, timeout());
      expect(readFileSync(`/proc/${pid}/status`, "utf8")).toMatch(/^Pid:/m);
      expect(await readFile(made.logPath ?? "", "utf8")).toBe("");
      await bench.driver.start(made.id);
      await bench.driver.exited(made.id);
      expect(await readFile(made.logPath ?? "", "utf8")).toContain("ran");
    });

    it("can be started once", async () => {
      const id = await bench.start("sleep 60");
      await expect(bench.driver.start(id)).rejects.toMatchObject({ category: "conflict" });
    });

    it("may be deleted at any stage, and again", async () => {
      const made = await bench.request("sleep 60");
      await bench.driver.create(made, timeout());
      await bench.driver.delete(made.id);
      await bench.driver.delete(made.id);
      expect(await bench.residue()).toEqual([]);
      const id = await bench.start("trap '' TERM; while :; do sleep 1; done");
      await bench.driver.delete(id);
      expect(await bench.residue()).toEqual([]);
    });

    it("may be run again under the same id", async () => {
      const made = await bench.request("exit 3");
      await run(bench.driver, made);
      expect((await bench.driver.exited(made.id)).exitCode).toBe(3);
      await bench.driver.delete(made.id);
      const again = await bench.fixture.request("exit 4", { id: made.id });
      await run(bench.driver, again);
      expect((await bench.driver.exited(made.id)).exitCode).toBe(4);
    });

    it("logs both streams, and what a long line is made of", async () => {
      const made = await bench.request("echo out; echo err >&2; printf part");
      await run(bench.driver, made);
      await bench.driver.exited(made.id);
      const lines = (await readFile(made.logPath ?? "", "utf8")).trimEnd().split("\n");
      expect(lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\+00:00 /, "")).toSorted()).toEqual([
        "stderr F err",
        "stdout F out",
        "stdout P part",
      ]);
    });

    it("does not log where no log is asked for", async () => {
      const id = await bench.start("echo out", { logPath: undefined });
      expect((await bench.driver.exited(id)).exitCode).toBe(0);
    });

    it("gives the process no descriptors of the host", async () => {
      const made = await bench.request("ls -l /proc/self/fd");
      await bench.driver.create(made, timeout());
      const streams = await bench.driver.attach(made.id);
      await bench.driver.start(made.id);
      const { stdout } = await collect(streams.output);
      const targets = [...stdout.matchAll(/-> (.*)$/gm)].map(([, target]) => target?.replace(/\d+/g, "N"));
      expect(targets).toEqual(["/dev/null", "pipe:[N]", "pipe:[N]"]);
    });

    it("takes a spec that is still being made", async () => {
      const made = await bench.request("exit 21");
      const spec = pause(50).then(() => made.spec);
      await bench.driver.create({ ...made, spec }, timeout());
      await bench.driver.start(made.id);
      expect((await bench.driver.exited(made.id)).exitCode).toBe(21);
    });

    it("leaves nothing when the spec cannot be made, or takes too long for the caller", async () => {
      const made = await bench.request("exit 0");
      const failed = pause(20).then(() => Promise.reject(new Error("no address is left")));
      await expect(bench.driver.create({ ...made, spec: failed }, timeout())).rejects.toThrow("no address is left");
      expect(await bench.residue()).toEqual([]);
      const never = new Promise<never>(() => {});
      await expect(bench.driver.create({ ...made, spec: never }, AbortSignal.timeout(50))).rejects.toMatchObject({ category: "cancelled" });
      expect(await bench.residue()).toEqual([]);
    });

    it.each([0, 2, 4, 8, 12, 16, 20, 25, 30, 40, 60])("is cancelled without a trace after %i ms", async (ms) => {
      const made = await bench.request("sleep 60");
      const late = new AbortController();
      if (ms === 0) late.abort();
      else setTimeout(() => late.abort(), ms);
      const outcome = await bench.driver.create(made, late.signal).then(
        () => "made",
        (error: unknown) => error as Error,
      );
      // The machine may be faster than the caller.
      if (outcome === "made") await bench.driver.delete(made.id);
      else expect(outcome).toMatchObject({ category: "cancelled" });
      expect(await bench.residue()).toEqual([]);
    });
  });

  describe("a program that cannot be run", () => {
    it.each([
      ["no-such-program", "not-found-executable", 'exec: "no-such-program": executable file not found in $PATH: unknown'],
      ["/no/such", "not-found-executable", 'exec: "/no/such": stat /no/such: no such file or directory: unknown'],
      ["/etc/not-executable", "not-executable", 'exec: "/etc/not-executable": permission denied: unknown'],
    ])("%s is refused in Docker's words, by create and by exec", async (program, code, words) => {
      const made = await bench.request("");
      made.spec.process.args = [program];
      const prefix = "failed to create task for container: failed to create shim task: OCI runtime create failed: ";
      const refused = await bench.driver.create(made, timeout()).catch((error: unknown) => error as Error);
      expect(refused).toMatchObject({ category: "invalid", code });
      expect((refused as Error).message).toMatch(new RegExp(`^${prefix}\\w+ create failed: unable to start container process: `));
      expect((refused as Error).message.endsWith(words)).toBe(true);
      expect(await bench.residue()).toEqual([]);

      const id = await bench.start("sleep 60");
      await expect(bench.exec(id, [program])).rejects.toMatchObject({
        code,
        message: `OCI runtime exec failed: exec failed: unable to start container process: ${words}`,
      });
      await expect(bench.exec(id, [program], { tty: true })).rejects.toMatchObject({ code });
    });

    it("is refused for a runtime that is not there", async () => {
      await expect(bench.driver.create(await bench.request("true", { runtime: "nope" }), timeout())).rejects.toMatchObject({
        category: "not-implemented",
        message: "unknown or invalid runtime name: nope",
      });
    });
  });
}
