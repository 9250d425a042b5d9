import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { OutputReader, run } from "../contract.fixture.ts";
import { pause, SIGKILL, SIGTERM, type SuiteBench, timeout } from "./bench.ts";

export function controlSuite(bench: SuiteBench): void {
  describe("signals and states", () => {
    it("reach the first process", async () => {
      const made = await bench.request("trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done");
      await bench.driver.create(made, timeout());
      const streams = await bench.driver.attach(made.id);
      await bench.driver.start(made.id);
      await new OutputReader(streams).until("ready");
      streams.close();
      await bench.driver.kill(made.id, SIGTERM);
      expect((await bench.driver.exited(made.id)).exitCode).toBe(7);
      await bench.driver.kill(made.id, SIGTERM);
    });

    it("reach all processes", async () => {
      const id = await bench.start("sleep 60 & sleep 60 & wait; exit 5");
      await expect.poll(async () => (await bench.driver.processes(id)).length).toBe(3);
      await bench.driver.kill(id, SIGKILL, "all");
      expect((await bench.driver.exited(id)).exitCode).toBe(137);
    });

    it("stand still while paused, and die of a kill when resumed", async () => {
      const id = await bench.start("while :; do echo tick; sleep 0.02; done");
      const streams = await bench.driver.attach(id);
      const reader = new OutputReader(streams);
      await reader.until("tick");
      await bench.driver.pause(id);
      const [pid] = await bench.driver.processes(id);
      const ticks = (): number => Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(" ")[13]);
      const before = ticks();
      await pause(100);
      expect(ticks()).toBe(before);
      await bench.driver.resume(id);
      await reader.until(/tick[\s\S]*tick/);
      await bench.driver.kill(id, SIGKILL);
      expect((await bench.driver.exited(id)).exitCode).toBe(137);
    });

    it("are deleted from a pause", async () => {
      const id = await bench.start("sleep 60");
      await bench.driver.pause(id);
      await bench.driver.delete(id);
      expect(await bench.residue()).toEqual([]);
    });
  });

  describe("limits", () => {
    it("tell when the kernel killed for memory", async () => {
      const made = await bench.request("tail /dev/zero");
      made.spec.linux = { ...made.spec.linux, namespaces: made.spec.linux?.namespaces ?? [] };
      made.spec.linux.resources = { memory: { limit: 8 << 20, swap: 8 << 20 } };
      await run(bench.driver, made);
      expect(await bench.driver.exited(made.id)).toMatchObject({ exitCode: 137, oomKilled: true });
    });

    it("do not call it so when somebody else killed", async () => {
      const id = await bench.start("sleep 60");
      await bench.driver.kill(id, SIGKILL);
      expect(await bench.driver.exited(id)).toMatchObject({ exitCode: 137, oomKilled: false });
    });

    it("are changed while it runs", async () => {
      const id = await bench.start("sleep 60");
      await bench.driver.update(id, { memory: { limit: 8 << 20, swap: 8 << 20 } });
      const greedy = await bench.exec(id, ["/bin/tail", "/dev/zero"]);
      expect(await greedy.exited).toEqual({ exitCode: 137 });
      await bench.driver.kill(id, SIGKILL);
      expect(await bench.driver.exited(id)).toMatchObject({ exitCode: 137, oomKilled: true });
    });
  });
}
