/**
 * Pulls every mode of the hostile registry that the project tests engines with (security.md, section 1.6), over the real stores.
 * It lies outside the repository: where it is missing, the tests say so and are skipped.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createImageService, type ImageService } from "#image/image-service.ts";
import { silentLogger } from "#lib/logger.ts";
import { parseReference } from "#spec/reference.ts";
import { createContentStore, type FsContentStore } from "#store/content/fs-content-store.ts";
import { Database } from "#store/db/database.ts";
import { currentBootId } from "#store/snapshots/boot-id.ts";
import { createVfsSnapshotter } from "#store/snapshots/whole/vfs.ts";
import { Trees } from "#store/tree/trees.ts";
import type { Unpacker } from "#store/unpack/contract.ts";
import { createUnpacker } from "#store/unpack/unpacker.ts";
import { testPullService, type TestPullService } from "../testing.ts";

const SCRIPT = path.resolve(import.meta.dirname, "../../../../shared/tools/attack/evilreg.py");
const LOG = "/tmp/evilreg.log";
const isHere = existsSync(SCRIPT);
if (!isHere) console.warn(`the hostile registry (${SCRIPT}) is not here: its tests are skipped`);

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/v2/`).then(
    () => true,
    () => false,
  );
}

describe.skipIf(!isHere)("P18: a hostile registry", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "dhow-evil-"));
  let [port, capturePort] = [0, 0];
  let registry: ChildProcess;
  let database: Database;
  let content: FsContentStore;
  let unpacker: Unpacker;
  let snapshots: ReturnType<typeof createVfsSnapshotter>;
  let images: ImageService;
  let puller: TestPullService;
  let logStart = 0;

  beforeAll(async () => {
    [port, capturePort] = [await freePort(), await freePort()];
    logStart = existsSync(LOG) ? statSync(LOG).size : 0;
    registry = spawn("python3", [SCRIPT, String(port), String(capturePort)], {
      stdio: "ignore",
      env: { PATH: "/usr/bin:/bin", BOMBMB: "64" },
    });
    database = Database.open(":memory:");
    content = createContentStore({ root: path.join(folder, "content") });
    unpacker = createUnpacker();
    snapshots = createVfsSnapshotter(
      { trees: new Trees(), logger: silentLogger },
      { root: path.join(folder, "vfs"), bootId: currentBootId() },
    );
    const events = { emit: () => undefined };
    images = createImageService({
      database,
      content,
      snapshots,
      unpacker,
      containers: { usersOf: () => [] },
      events,
      logger: silentLogger,
    });
    puller = testPullService(
      { target: images, content, events },
      { stallMs: 2000, headMs: 20_000, retry: { attempts: 2, firstDelayMs: 10, longestDelayMs: 20 } },
    );
    await vi.waitUntil(() => answers(port), { timeout: 60_000 });
  }, 90_000);

  afterAll(async () => {
    registry.kill();
    await once(registry, "exit");
    puller.close();
    await snapshots.settle();
    await unpacker.close();
    await content.close();
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** How it ended, and what is left of it in the stores. */
  async function pull(mode: string): Promise<{ message: string; kept: unknown[] }> {
    const auth = { credential: { kind: "basic", username: "user", password: "SECRET" }, serverAddress: undefined } as const;
    const input = { reference: parseReference(`localhost:${port}/x/${mode}:t`), platform: undefined, auth };
    const message = await puller
      .pull(input, () => undefined, new AbortController().signal)
      .then(
        () => "pulled",
        (error: Error) => error.message,
      );
    for (const { id } of images.images.all()) await images.remove({ name: id, force: true, pruneParents: true });
    await snapshots.settle();
    const temporary = ["content/ingest", "vfs/staging"].flatMap((name) =>
      existsSync(path.join(folder, name)) ? readdirSync(path.join(folder, name)) : [],
    );
    return { message, kept: [...content.list(), ...snapshots.list().layers, ...temporary] };
  }

  it.each([
    ["ok", "pulled"],
    ["badlayer", "filesystem layer verification failed for digest"],
    ["badconfig", "image config verification failed for digest"],
    ["trunc", "read: connection reset by peer"],
    ["resume", "pulled"],
    ["hugeman", "over 4194304 bytes"],
    ["deepman", "nested deeper"],
    ["ambig", "fields of an image and of an index"],
    ["wrongtype", "announced as"],
    ["foreign", "foreign layer"],
    ["realmfile", "no http address"],
    ["realmmeta", "may not send anyone to"],
    ["realmcross", "unauthorized"],
    ["redirloop", "stopped after 5 redirects"],
    ["redircross", "unauthorized"],
    ["bomb", "unexpected end of the archive"],
    ["slow", "no data to speak of"],
    ["nolen", "where the manifest says"],
    ["diffid", "layer diff id is"],
    ["dupkeys", "duplicate key"],
    ["traversal", "layers[0].digest"],
    ["schema1", "schema 1 support has been removed"],
    ["size0", "layers[0].size"],
    ["sizelie", "where the manifest says 10"],
    ["many403", "pull access denied"],
  ])("%s: %s", { timeout: 60_000 }, async (mode, message) => {
    expect(await pull(mode)).toEqual({ message: expect.stringContaining(message), kept: [] });
  });

  it("P19: never got the credentials on its other port", () => {
    const lines = readFileSync(LOG, "utf8").slice(logStart).split("\n");
    const captured = lines.filter((line) => line.startsWith(`${capturePort} `));
    expect(captured.length).toBeGreaterThan(0);
    expect(captured.filter((line) => !line.includes("auth=None"))).toEqual([]);
  });
});
