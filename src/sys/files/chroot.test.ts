import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";

/** Goes into a folder and out again, and says what it saw. */
const script = `
  import { readdirSync, readFileSync, writeFileSync } from "node:fs";
  import { parentPort, workerData } from "node:worker_threads";
  const { ThreadRoot } = await import(workerData.module);
  const root = new ThreadRoot();
  const seen = [];
  for (const round of [1, 2]) {
    root.enter(workerData.folder);
    seen.push(readdirSync("/../..").join(), readFileSync("/../../canary", "utf8"));
    writeFileSync("/made", "", { mode: 0o777 });
    root.leave();
    seen.push(readdirSync(workerData.folder).sort().join());
  }
  parentPort.postMessage(seen);
`;

it("gives a thread a root of its own, as often as it likes, and nobody else", async () => {
  const base = mkdtempSync(join(tmpdir(), "dhow-chroot-"));
  try {
    const folder = join(base, "root");
    mkdirSync(folder);
    writeFileSync(join(folder, "canary"), "inside");
    writeFileSync(join(base, "canary"), "outside");
    const module = new URL("./chroot.ts", import.meta.url).href;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
      workerData: { module, folder },
      execArgv: [],
    });
    const seen = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    await worker.terminate();
    expect(seen).toEqual(["canary", "inside", "canary,made", "canary,made", "inside", "canary,made"]);
  } finally {
    rmSync(base, { recursive: true });
  }
});
