import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { dockerArchive, type SmallImage } from "../../scripts/hello/docker-archive.ts";
import { busyboxLayer } from "../../scripts/hello/rootfs.ts";
import { TestRegistry } from "../../test/support/registry.ts";
import type { BenchEngine } from "../engine.ts";
import { timed, type Row } from "../row.ts";

/** Layers out of this host's own /usr: real files of real sizes, many of them small. */
export function layerOf(megabytes: number, skip: number): Buffer {
  const files: string[] = [];
  let size = 0;
  let skipped = 0;
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (size >= megabytes * 1e6) return;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      if (!entry.isFile()) continue;
      const bytes = statSync(path).size;
      if (skipped < skip * 1e6) skipped += bytes;
      else {
        size += bytes;
        files.push(path.slice(1));
      }
    }
  };
  for (const root of ["/usr/share", "/usr/lib", "/usr/local", "/opt"]) walk(root);
  return execFileSync("tar", ["-C", "/", "--no-recursion", "-cf", "-", "-T", "-"], { input: files.join("\n"), maxBuffer: 2 ** 30 });
}

let registry: Promise<TestRegistry> | undefined;
let users = 0;

async function serve(image: () => SmallImage, repository: string): Promise<void> {
  users++;
  if (registry !== undefined && users % 2 === 0) return; // the other engine's turn: the image is there
  registry ??= TestRegistry.start();
  await (await registry).push(repository, "latest", image());
}

async function release(): Promise<void> {
  if (--users > 0) return;
  await (await registry)?.stop();
  registry = undefined;
}

const image = (reference: string, layers: Buffer[]): SmallImage => ({ reference, layers, config: { Cmd: ["sh"], Env: ["PATH=/bin"] } });
const big = (): SmallImage => image("bench/big:latest", [busyboxLayer(), layerOf(362, 0)]);
const ten = (): SmallImage =>
  image(
    "bench/ten:latest",
    Array.from({ length: 10 }, (_, index) => layerOf(14.4, index * 14.4)),
  );

const pull = (name: string, target: number, repository: string, make: () => SmallImage): Row => ({
  name,
  unit: "ms",
  target,
  better: "less",
  rounds: 3,
  prepare: () => serve(make, repository),
  async measure(engine) {
    const reference = `${(await registry)?.host ?? ""}/${repository}:latest`;
    await engine.api("DELETE", `/images/${reference}?force=1`);
    return timed(async () => {
      const said = await engine.ok("POST", `/images/create?fromImage=${encodeURIComponent(reference.replace(":latest", ""))}&tag=latest`);
      if (!said.includes("Status: Downloaded newer image")) throw new Error(`${engine.name}: ${said.slice(-300)}`);
    });
  },
  async clean(engine) {
    await engine.api("DELETE", `/images/${(await registry)?.host ?? ""}/${repository}:latest?force=1`);
    await release();
  },
});

export const pullBig = pull("pull-362M", 0.4, "bench/big", big);
export const pullTen = pull("pull-10-layers", 0.4, "bench/ten", ten);

let archive: Buffer | undefined;
const forget = (engine: BenchEngine): Promise<unknown> => engine.api("DELETE", "/images/bench/big:latest?force=1");

export const loadBig: Row = {
  name: "load-362M",
  unit: "ms",
  target: 0.6,
  better: "less",
  rounds: 3,
  prepare: () => {
    archive ??= dockerArchive([big()]);
    return Promise.resolve();
  },
  async measure(engine) {
    await forget(engine);
    return timed(async () => {
      const said = await engine.ok("POST", "/images/load", archive);
      if (!said.includes("Loaded image")) throw new Error(`${engine.name}: ${said}`);
    });
  },
  async clean(engine) {
    await forget(engine);
    archive = undefined;
  },
};

const loadOnce = async (engine: BenchEngine): Promise<void> => {
  archive ??= dockerArchive([big()]);
  await engine.ok("POST", "/images/load", archive);
};

/** Each time to a registry that has nothing, and that neither engine knows anything of. */
export const pushBig: Row = {
  name: "push-362M",
  unit: "ms",
  target: 0.3,
  better: "less",
  rounds: 3,
  prepare: loadOnce,
  async measure(engine) {
    const empty = await TestRegistry.start();
    const repository = `${empty.host}/bench/pushed`;
    try {
      await engine.ok("POST", `/images/bench/big:latest/tag?repo=${encodeURIComponent(repository)}&tag=1`);
      return await timed(async () => {
        const said = await engine.ok("POST", `/images/${repository}/push?tag=1`, undefined, { "X-Registry-Auth": "e30=" });
        if (!said.includes("digest: sha256:")) throw new Error(`${engine.name}: ${said.slice(-300)}`);
      });
    } finally {
      await engine.api("DELETE", `/images/${repository}:1?force=1`);
      await empty.stop();
    }
  },
  async clean(engine) {
    await forget(engine);
    archive = undefined;
  },
};

export const saveBig: Row = {
  name: "save-362M",
  unit: "ms",
  target: 0.4,
  better: "less",
  rounds: 3,
  prepare: loadOnce,
  measure: (engine) =>
    timed(async () => {
      const bytes = await engine.drain("/images/bench/big:latest/get");
      if (bytes < 1e8) throw new Error(`${engine.name}: an archive of ${bytes} bytes`);
    }),
  async clean(engine) {
    await forget(engine);
    archive = undefined;
  },
};
