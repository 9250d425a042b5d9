import { memoryUsage } from "node:process";
import { describe, expect, it } from "vitest";
import { collect, OutputReader } from "../contract.fixture.ts";
import { pause, SIGKILL, timeout, type SuiteBench } from "./bench.ts";

export function execSuite(bench: SuiteBench): void {
  describe("exec", () => {
    it("has output, exit code and pid of its own", async () => {
      const id = await bench.start("sleep 60");
      const process = await bench.exec(id, ["/bin/sh", "-c", "echo out; echo err >&2; exit 9"]);
      expect(process.pid).toBeGreaterThan(1);
      expect(await collect(process.output)).toEqual({ stdout: "out\n", stderr: "err\n" });
      expect(await process.exited).toEqual({ exitCode: 9 });
    });

    it("reads what is typed, to its end", async () => {
      const id = await bench.start("sleep 60");
      const process = await bench.exec(id, ["/bin/wc", "-c"], { stdin: true });
      await process.write(Buffer.alloc(500_000));
      process.closeStdin();
      expect((await collect(process.output)).stdout.trim()).toBe("500000");
      expect(await process.exited).toEqual({ exitCode: 0 });
    });

    it("ends with its process though a child holds its stdio", async () => {
      const id = await bench.start("sleep 60");
      const process = await bench.exec(id, ["/bin/sh", "-c", "sleep 60 & yes | head -c 200000; exit 3"]);
      expect((await collect(process.output)).stdout).toHaveLength(200_000);
      expect(await process.exited).toEqual({ exitCode: 3 });
    });

    it("holds little for a client that never reads", async () => {
      const id = await bench.start("sleep 60");
      const process = await bench.exec(id, ["/bin/yes"]);
      await pause(200);
      const before = memoryOf();
      // It would write some 400 MB in that time.
      await pause(1000);
      expect(memoryOf() - before).toBeLessThan(100 << 20);
      process.kill(SIGKILL);
      expect(await process.exited).toEqual({ exitCode: 137 });
    });

    it("goes on when its client lets go", async () => {
      const id = await bench.start("sleep 60");
      const process = await bench.exec(id, ["/bin/sh", "-c", "seq 1 200000; exit 4"]);
      process.close();
      expect(await process.exited).toEqual({ exitCode: 4 });
    });

    it("has a terminal of the size that was asked for, and of later ones", async () => {
      const id = await bench.start("sleep 60");
      const script = "tty; stty size; trap 'stty size; exit 6' WINCH; while :; do sleep 0.05; done";
      const process = await bench.exec(id, ["/bin/sh", "-c", script], { tty: true, stdin: true, size: { rows: 20, columns: 70 } });
      const reader = new OutputReader(process);
      await reader.until("20 70\r\n");
      await pause(50);
      process.resize({ rows: 21, columns: 71 });
      await reader.until("21 71\r\n");
      expect(await process.exited).toEqual({ exitCode: 6 });
    });

    it("has a terminal that echoes and interrupts, and ends with its process", async () => {
      const id = await bench.start("sleep 60");
      const process = await bench.exec(id, ["/bin/cat"], { tty: true, stdin: true });
      const reader = new OutputReader(process);
      await process.write(Buffer.from("hello\n"));
      await reader.until("hello\r\nhello\r\n");
      await process.write(Buffer.from([3]));
      expect(await process.exited).toEqual({ exitCode: 130 });
      const again = await bench.exec(id, ["/bin/sh", "-c", "sleep 60 & seq 1 3000; exit 2"], { tty: true });
      expect((await collect(again.output)).stdout.split("\r\n")).toHaveLength(3001);
      expect(await again.exited).toEqual({ exitCode: 2 });
    });

    it("is refused in a container that does not run", async () => {
      const made = await bench.request("sleep 60");
      await expect(bench.exec(made.id, ["/bin/true"])).rejects.toMatchObject({ category: "conflict" });
      await bench.driver.create(made, timeout());
      await expect(bench.exec(made.id, ["/bin/true"])).rejects.toMatchObject({ category: "conflict" });
    });

    it("runs many at a time", async () => {
      const id = await bench.start("sleep 60");
      const all = await Promise.all(Array.from({ length: 10 }, (_, n) => bench.exec(id, ["/bin/sh", "-c", `echo ${n}; exit ${n}`])));
      const codes = await Promise.all(
        all.map(async (process) => [(await collect(process.output)).stdout, (await process.exited).exitCode]),
      );
      expect(codes).toEqual(all.map((_, n) => [`${n}\n`, n]));
    });
  });
}

/** Of this thread alone: other test files have theirs in the same process. */
function memoryOf(): number {
  const { heapUsed, external } = memoryUsage();
  return heapUsed + external;
}
