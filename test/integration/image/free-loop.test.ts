import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { file, tarOf } from "#lib/tar/testing.ts";
import { dockerArchive } from "../../../scripts/hello/docker-archive.ts";
import { useDaemon } from "../../support/daemon.ts";
import { median } from "../../support/median.ts";

const daemon = useDaemon();

const FILES = 300;
const MEGABYTE = 1_000_000;
const PAUSE_MS = 25;
/** What is promised, five times over: tests share their machine. */
const ANSWERS_WITHIN_MS = 250;

/** Sends a file from a process of its own: this one only looks how the daemon answers meanwhile. */
async function load(archive: string): Promise<string> {
  const program = `
    const { createReadStream, statSync } = require("node:fs");
    const headers = { "content-type": "application/x-tar", "content-length": statSync(process.argv[2]).size };
    const request = require("node:http").request({ socketPath: process.argv[1], method: "POST", path: "/images/load", headers }, (answer) => answer.pipe(process.stdout));
    createReadStream(process.argv[2]).pipe(request);
  `;
  const child = spawn(process.execPath, ["-e", program, daemon.socket, archive], { stdio: ["ignore", "pipe", "inherit"] });
  const parts: Buffer[] = [];
  child.stdout.on("data", (part: Buffer) => parts.push(part));
  await once(child, "close");
  return Buffer.concat(parts).toString();
}

describe("while an image of 300 MB unpacks", () => {
  it("the API answers as it does otherwise", { timeout: 300_000 }, async () => {
    const content = randomBytes(MEGABYTE);
    const layer = tarOf(...Array.from({ length: FILES }, (_, index) => file(`large${index}`, content)));
    const archive = join(daemon.folder, "archive.tar");
    writeFileSync(archive, dockerArchive([{ reference: "large:1", layers: [layer], config: { Cmd: ["sh"] } }]));
    let isLoading = true;
    const loading = load(archive).finally(() => (isLoading = false));
    const times: number[] = [];
    while (isLoading) {
      const began = performance.now();
      expect((await daemon.api("GET", "/containers/json")).status).toBe(200);
      times.push(performance.now() - began);
      // Asked without a pause, it would be the asking that keeps a processor busy.
      await sleep(PAUSE_MS);
    }
    expect(await loading).toContain("Loaded image: large:1");
    expect(times.length).toBeGreaterThan(5);
    expect(median(times)).toBeLessThan(ANSWERS_WITHIN_MS);
    expect((await daemon.api("DELETE", "/images/large:1")).status).toBe(200);
  });
});
