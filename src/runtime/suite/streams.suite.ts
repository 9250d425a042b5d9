import { describe, expect, it } from "vitest";
import { collect, OutputReader } from "../contract.fixture.ts";
import { pause, timeout, type SuiteBench } from "./bench.ts";

export function streamsSuite(bench: SuiteBench): void {
  describe("attach", () => {
    it("before start loses nothing", async () => {
      for (let round = 0; round < 5; round++) {
        const made = await bench.request("echo first; echo second >&2");
        await bench.driver.create(made, timeout());
        const streams = await bench.driver.attach(made.id);
        await bench.driver.start(made.id);
        expect(await collect(streams.output)).toEqual({ stdout: "first\n", stderr: "second\n" });
      }
    });

    it("shows the same to all", async () => {
      const made = await bench.request("seq 1 2000");
      await bench.driver.create(made, timeout());
      const all = await Promise.all([1, 2, 3].map(() => bench.driver.attach(made.id)));
      await bench.driver.start(made.id);
      const said = await Promise.all(all.map((streams) => collect(streams.output)));
      expect(said[0]?.stdout.trim().split("\n")).toHaveLength(2000);
      expect(said[1]).toEqual(said[0]);
      expect(said[2]).toEqual(said[0]);
    });

    it("carries what is typed", async () => {
      const id = await bench.start("while read line; do echo got $line; done", { stdin: true });
      const streams = await bench.driver.attach(id);
      const reader = new OutputReader(streams);
      await streams.write(Buffer.from("one\n"));
      await reader.until("got one\n");
      await streams.write(Buffer.from("two\n"));
      expect(await reader.until("got two\n")).toBe("got one\ngot two\n");
      streams.close();
    });

    it("ends stdin with its first client where that is asked for", async () => {
      const id = await bench.start("wc -c", { stdin: true, stdinOnce: true });
      const streams = await bench.driver.attach(id);
      const watcher = await bench.driver.attach(id);
      watcher.close();
      const typed = Buffer.alloc(300_000, "x");
      await streams.write(typed);
      streams.closeStdin();
      expect((await collect(streams.output)).stdout.trim()).toBe("300000");
      expect((await bench.driver.exited(id)).exitCode).toBe(0);
    });

    it("leaves stdin open where that is not asked for", async () => {
      const id = await bench.start("read a; read b; echo $a$b", { stdin: true });
      const first = await bench.driver.attach(id);
      await first.write(Buffer.from("one\n"));
      first.closeStdin();
      first.close();
      const second = await bench.driver.attach(id);
      await second.write(Buffer.from("two\n"));
      expect((await collect(second.output)).stdout).toBe("onetwo\n");
    });

    it("drops what is typed to a container without stdin, or that has closed it", async () => {
      const id = await bench.start("exec <&-; while :; do echo ready; sleep 0.2; done", { stdin: true });
      const streams = await bench.driver.attach(id);
      const reader = new OutputReader(streams);
      await reader.until("ready");
      for (let i = 0; i < 5; i++) await streams.write(Buffer.alloc(100_000));
      streams.close();
      const deaf = await bench.start("sleep 60");
      const others = await bench.driver.attach(deaf);
      await others.write(Buffer.alloc(1_000_000));
      others.close();
      expect(await bench.driver.processes(deaf)).toHaveLength(1);
    });

    it("makes the container wait for a client that does not read, and no longer", async () => {
      const made = await bench.request("yes | head -c 20000000; echo end >&2", { logPath: undefined });
      await bench.driver.create(made, timeout());
      const idle = await bench.driver.attach(made.id);
      await bench.driver.start(made.id);
      const early = await Promise.race([bench.driver.exited(made.id), pause(300)]);
      expect(early).toBeUndefined();
      idle.close();
      expect((await bench.driver.exited(made.id)).exitCode).toBe(0);
    });

    it("to a container that has ended is a conflict", async () => {
      const id = await bench.start("exit 0");
      await bench.driver.exited(id);
      await expect(bench.driver.attach(id)).rejects.toMatchObject({ category: "conflict" });
    });
  });

  describe("a terminal", () => {
    it("is what the container sees, with the sizes that it is given", async () => {
      const id = await bench.start("tty; until stty size | grep '33 101'; do sleep 0.02; done", { tty: true, stdin: true });
      const reader = new OutputReader(await bench.driver.attach(id));
      await bench.driver.resize(id, { rows: 33, columns: 101 });
      await reader.until("33 101\r\n");
      expect((await bench.driver.exited(id)).exitCode).toBe(0);
    });

    it("echoes, and passes on control characters", async () => {
      const id = await bench.start("cat; exit 130", { tty: true, stdin: true, stdinOnce: true });
      const streams = await bench.driver.attach(id);
      const reader = new OutputReader(streams);
      await streams.write(Buffer.from("hello\n"));
      await reader.until("hello\r\nhello\r\n");
      streams.closeStdin();
      await streams.write(Buffer.from("still\n"));
      await reader.until("still\r\nstill\r\n");
      await streams.write(Buffer.from([3]));
      expect((await bench.driver.exited(id)).exitCode).toBe(130);
    });

    it("has no size where there is none", async () => {
      const id = await bench.start("sleep 60");
      await expect(bench.driver.resize(id, { rows: 1, columns: 1 })).rejects.toMatchObject({ category: "conflict" });
    });
  });
}
