import { spawn, spawnSync } from "node:child_process";
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { useDaemon } from "../../support/daemon.ts";
import { hasShared, shared } from "../../support/peers.ts";
import { freePort } from "../../support/registry.ts";

const port = await freePort();
const daemon = useDaemon({ flags: ["-H", `tcp://127.0.0.1:${port}`] });

/** The reference attacks on HTTP, one line a case; runs beside the daemon and not in our loop. */
function attack(target: string): Promise<string> {
  const pidFile = join(daemon.folder, "pid-to-watch");
  writeFileSync(pidFile, String(daemon.pid));
  return new Promise((resolve, reject) => {
    const child = spawn("python3", [join(shared, "tools/attack/apiabuse.py"), target], {
      env: { PATH: process.env["PATH"], DPID: pidFile, PYTHONUNBUFFERED: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.once("error", reject);
    child.once("close", () => resolve(Buffer.concat(chunks).toString()));
  });
}

/** `FAIL slowloris-1000 reply=200 …` */
const caseOf = (line: string): string => line.split(/\s+/)[1] ?? line;

describe.skipIf(!hasShared)("P15: abuse of HTTP", () => {
  it.each(["unix", "tcp"])(
    "over %s: every case is answered, the daemon lives and does not grow",
    { timeout: 600_000 },
    async (transport) => {
      const target = transport === "unix" ? `unix://${daemon.socket}` : `127.0.0.1:${port}`;
      // Its cases give the daemon a second or two: what a busy machine keeps from an answer in time is answered another time.
      let failing: string[] | undefined;
      for (let round = 0; round < 3 && failing?.length !== 0; round++) {
        const lines = (await attack(target)).trim().split("\n");
        expect(lines.length).toBeGreaterThan(40);
        const failed = lines.filter((line) => !line.startsWith("PASS"));
        failing = failed.filter((line) => failing === undefined || failing.some((other) => caseOf(other) === caseOf(line)));
      }
      expect(failing).toEqual([]);
    },
  );
});

describe("a browser", () => {
  it("P31: may not drive the API from a page of another origin, nor by a name that it rebound", async () => {
    const ask = (headers: Record<string, string>, method = "GET"): Promise<number> =>
      fetch(`http://127.0.0.1:${port}/info`, { method, headers }).then((answer) => answer.status);
    expect(await ask({})).toBe(200);
    expect(await ask({ origin: "http://evil.example" })).toBe(403);
    expect(await ask({ "sec-fetch-site": "cross-site" })).toBe(403);
    const { request } = await import("node:http");
    const rebound = await new Promise<number | undefined>((resolve) =>
      request({ port, host: "127.0.0.1", path: "/info", headers: { host: "evil.example" } }, (answer) => resolve(answer.statusCode)).end(),
    );
    expect(rebound).toBe(403);
    const plain = await fetch(`http://127.0.0.1:${port}/containers/create`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: '{"Image":"x"}',
    });
    expect(plain.status).toBe(400);
  });
});

describe("P33: the state on disk", () => {
  const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

  it("is closed to everybody but root", () => {
    expect(mode(daemon.socket)).toBe("660");
    expect(Number.parseInt(mode(daemon.instance.dataRoot), 8) & 0o007).toBe(0);
    expect(mode(daemon.instance.execRoot)).toMatch(/^7[01]0$/);
  });

  it("shows a user without rights nothing, and does not talk to him", () => {
    // The folder that the test made is closed by itself: what counts is what the daemon made in it.
    chmodSync(daemon.folder, 0o755);
    const asNobody = (program: string, ...words: string[]) =>
      spawnSync(program, words, { uid: 65_534, gid: 65_534, encoding: "utf8", cwd: "/" });
    for (const folder of [daemon.instance.dataRoot, daemon.instance.execRoot]) {
      const found = asNobody("find", folder, "-mindepth", "1");
      expect([found.status, found.stdout, found.stderr]).toEqual([1, "", expect.stringContaining("Permission denied")]);
    }
    const asked = ["-s", "--unix-socket", daemon.socket, "http://localhost/_ping"];
    expect(asNobody("curl", ...asked).status).toBe(7);
    expect(spawnSync("curl", asked, { encoding: "utf8" }).stdout).toBe("OK");
  });
});
