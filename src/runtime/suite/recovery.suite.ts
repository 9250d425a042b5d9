import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { collect, OutputReader, run } from "../contract.fixture.ts";
import { SIGKILL, timeout, type SuiteBench } from "./bench.ts";

export function recoverySuite(bench: SuiteBench): void {
  describe("after a restart of the daemon", () => {
    it("takes over what runs, and attaches again", async () => {
      const made = await bench.request("while read line; do echo got $line; done; exit 8", { stdin: true });
      const id = await run(bench.driver, made);
      const { pid } = { pid: (await bench.driver.processes(id))[0] };
      await bench.reopen();
      expect(await bench.driver.recover(id, made.bundle, made.runtime)).toEqual({ kind: "running", pid, paused: false });
      const streams = await bench.driver.attach(id);
      const reader = new OutputReader(streams);
      await streams.write(Buffer.from("again\n"));
      await reader.until("got again\n");
      const process = await bench.exec(id, ["/bin/echo", "in"]);
      expect((await collect(process.output)).stdout).toBe("in\n");
      await bench.driver.kill(id, SIGKILL);
      expect((await bench.driver.exited(id)).exitCode).toBe(137);
    });

    it("finds out how one ended that nobody was watching", async () => {
      const made = await bench.request("sleep 0.3; echo last words; exit 42");
      const id = await run(bench.driver, made);
      await bench.driver.exited(id);
      const before = await bench.driver.exited(id);
      await bench.reopen();
      const recovered = await bench.driver.recover(id, made.bundle, made.runtime);
      expect(recovered).toMatchObject({ kind: "exited", exit: { exitCode: 42, oomKilled: false } });
      const exit = await bench.driver.exited(id);
      expect(Math.abs(exit.finishedAt.getTime() - before.finishedAt.getTime())).toBeLessThan(1000);
      expect(await readFile(made.logPath ?? "", "utf8")).toContain("last words");
    });

    it("starts one that was only created", async () => {
      const made = await bench.request("exit 6");
      const { pid } = await bench.driver.create(made, timeout());
      await bench.reopen();
      expect(await bench.driver.recover(made.id, made.bundle, made.runtime)).toEqual({ kind: "created", pid });
      await bench.driver.start(made.id);
      expect((await bench.driver.exited(made.id)).exitCode).toBe(6);
    });

    it("sees that one is paused", async () => {
      const made = await bench.request("sleep 60");
      const id = await run(bench.driver, made);
      await bench.driver.pause(id);
      await bench.reopen();
      expect(await bench.driver.recover(id, made.bundle, made.runtime)).toMatchObject({ kind: "running", paused: true });
    });

    it("knows nothing of one that never was", async () => {
      await bench.reopen();
      expect(await bench.driver.recover("never-was", "/nowhere", undefined)).toEqual({ kind: "gone" });
    });
  });
}
