import { readdirSync, rmSync, truncateSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { packTar } from "#lib/tar-pack.ts";
import { useDaemon } from "../support/daemon.ts";
import { dhowCli } from "../support/dhow-cli.ts";
import { DockerCli, runProgram } from "../support/docker-cli.ts";
import { busyboxImage } from "../support/images.ts";
import { TestRegistry } from "../support/registry.ts";
import { scaled } from "../support/scale.ts";
import { Seeded } from "../support/seeded.ts";

const daemon = useDaemon();
const [dhow, docker] = [dhowCli(daemon), new DockerCli(daemon)];
const chance = new Seeded();
const ROUNDS = scaled(2, 60);
/** What a pull of it, or its removal, takes on a quiet machine. */
const LONGEST_MS = 400;
let registry: TestRegistry;
let name: string;

beforeAll(async () => {
  registry = await TestRegistry.start();
  name = `${registry.host}/team/app:1`;
  const layers = [...busyboxImage().layers, ...Array.from({ length: 4 }, (_, index) => layerOf(`file-${index}`))];
  await registry.push("team/app", "1", { ...busyboxImage(), layers });
});
afterAll(() => registry.stop());

const layerOf = (file: string): Buffer => packTar([{ name: file, type: "file", mode: 0o644, data: randomBytes(500_000) }]);
const blobs = (): string => join(daemon.instance.dataRoot, "content/blobs/sha256");

/** What collects garbage: a removal, a prune, and the start of a daemon that finds what a killed one has left. */
const collections = [() => ["rmi", "-f", name], () => ["image", "prune", "-af"]];

/** What the last start took: it depends on the machine more than on the store. */
let startMs = LONGEST_MS;

async function startKilledOnce(): Promise<void> {
  const start = daemon.start().catch(() => undefined);
  await sleep(chance.below(Math.ceil(startMs)));
  await daemon.kill();
  await start;
  const began = performance.now();
  await daemon.start();
  startMs = performance.now() - began;
}

it(`a store whose daemon is killed in pulls and in garbage collection is whole afterwards (seed ${chance.seed})`, async () => {
  for (let round = 0; round < ROUNDS; round++) {
    for (const words of [["pull", name], collections[round % collections.length]?.() ?? []]) {
      const work = docker.run(words);
      await sleep(chance.below(LONGEST_MS));
      await daemon.kill();
      await work;
      await startKilledOnce();
      expect(await dhow.ok("system", "doctor")).toContain("all is well");
    }
  }
  await docker.ok("pull", name);
  expect(await docker.ok("run", "--rm", name, "ls", "/file-3")).toBe("/file-3");
});

it("what is damaged all the same is found, and mended from where it came from", async () => {
  await docker.ok("pull", name);
  const largest = readdirSync(blobs()).toSorted();
  truncateSync(join(blobs(), largest[0] ?? ""), 10);
  rmSync(join(blobs(), largest.at(-1) ?? ""));
  const found = await dhow.run(["system", "doctor"]);
  expect([found.code, found.stdout]).toEqual([1, expect.stringContaining(": 2 faults.")]);
  const mended = await dhow.run(["system", "doctor", "--repair"]);
  expect([mended.code, mended.stdout]).toEqual([0, expect.stringContaining("2 repaired, 0 not.")]);
  expect(await dhow.ok("system", "doctor")).toContain("all is well");
  expect(await docker.ok("push", name)).toContain("Layer already exists");
});

it("a daemon that does not run has its store examined all the same, and one that runs has not", async () => {
  await docker.ok("pull", name);
  const dhowd = fileURLToPath(new URL("../../bin/dhowd", import.meta.url));
  const { name: instance, dataRoot, execRoot } = daemon.instance;
  const words = [dhowd, "--instance", instance, "--data-root", dataRoot, "--exec-root", execRoot, "--insecure-registry=127.0.0.0/8"];
  const running = await runProgram([...words, "--doctor", "check"]);
  expect([running.code, running.stderr]).toEqual([1, expect.stringContaining("is in use by another daemon")]);
  await daemon.kill();
  rmSync(join(blobs(), readdirSync(blobs())[0] ?? ""));
  const found = await runProgram([...words, "--doctor", "check"]);
  expect([found.code, found.stdout]).toEqual([1, expect.stringContaining("Run 'dhowd --doctor repair'")]);
  expect(await runProgram([...words, "--doctor", "repair"])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("1 repaired, 0 not."),
  });
  await daemon.start();
  expect(await dhow.ok("system", "doctor")).toContain("all is well");
});
