import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { BenchEngine } from "../engine.ts";
import { IMAGE, removeAll, timed, type Row } from "../row.ts";
import { layerOf } from "./images.ts";

/** What is copied lies in a folder of its own, made once for both engines. */
class Source {
  readonly #make: (folder: string) => void;
  #folder: string | undefined;
  #users = 0;
  #outs = 0;

  constructor(make: (folder: string) => void) {
    this.#make = make;
  }

  open(): void {
    this.#users += 1;
    if (this.#folder !== undefined) return;
    this.#folder = mkdtempSync(join(tmpdir(), "bench-files-"));
    this.#make(this.#folder);
  }

  get path(): string {
    return join(this.#folder ?? "", "source");
  }

  /** A place that was not there yet: ext4 without a journal is slow to make files for a minute where many were removed. */
  newOut(): string {
    this.#outs += 1;
    return join(this.#folder ?? "", `out${this.#outs}`);
  }

  close(): void {
    this.#users -= 1;
    if (this.#users > 0 || this.#folder === undefined) return;
    rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}

const large = new Source((folder) => {
  mkdirSync(join(folder, "source"));
  for (let file = 0; file < 4; file++) writeFileSync(join(folder, "source", `f${file}`), randomBytes(50_000_000));
});

const many = new Source((folder) => {
  for (let part = 0; part < 100; part++) {
    mkdirSync(join(folder, "source", `d${part}`), { recursive: true });
    for (let file = 0; file < 100; file++) writeFileSync(join(folder, "source", `d${part}`, `f${file}`), randomBytes(1024));
  }
});

const NAME = "files";

async function runOne(engine: BenchEngine): Promise<void> {
  await engine.docker("run", "-d", "--name", NAME, "--network", "none", IMAGE, "sleep", "100000");
}

const copyIn = (name: string, target: number, source: Source): Row => ({
  name,
  unit: "ms",
  target,
  better: "less",
  rounds: 5,
  floor: "ideal",
  async prepare(engine) {
    source.open();
    await runOne(engine);
  },
  measure: (engine) => timed(() => engine.docker("cp", source.path, `${NAME}:/${basename(source.newOut())}`)),
  async clean(engine) {
    await removeAll(engine);
    source.close();
  },
});

const copyOut = (name: string, target: number, source: Source): Row => ({
  name,
  unit: "ms",
  target,
  better: "less",
  rounds: 5,
  floor: "ideal",
  async prepare(engine) {
    source.open();
    await runOne(engine);
    await engine.docker("cp", source.path, `${NAME}:/`);
  },
  measure: (engine) => timed(() => engine.docker("cp", `${NAME}:/source`, source.newOut())),
  async clean(engine) {
    await removeAll(engine);
    source.close();
  },
});

export const copyLargeIn = copyIn("cp-200M-in", 0.6, large);
export const copyLargeOut = copyOut("cp-200M-out", 0.6, large);
export const copyManyIn = copyIn("cp-10000-in", 0.5, many);
export const copyManyOut = copyOut("cp-10000-out", 0.5, many);

let tree: Buffer | undefined;

/** A container with 500 MB of this host's own files in it. */
async function fill(engine: BenchEngine): Promise<void> {
  tree ??= layerOf(500, 0);
  await runOne(engine);
  await engine.ok("PUT", `/containers/${NAME}/archive?path=/`, tree);
  execFileSync("sync");
}

async function empty(engine: BenchEngine): Promise<void> {
  await removeAll(engine);
  await engine.api("DELETE", "/images/bench/committed:latest?force=1");
}

export const commit: Row = {
  name: "commit-500M",
  unit: "ms",
  target: 0.6,
  better: "less",
  rounds: 3,
  prepare: fill,
  async measure(engine) {
    await engine.api("DELETE", "/images/bench/committed:latest?force=1");
    return timed(() => engine.docker("commit", NAME, "bench/committed"));
  },
  clean: empty,
};

export const exported: Row = {
  name: "export-500M",
  unit: "ms",
  target: 0.7,
  better: "less",
  rounds: 3,
  prepare: fill,
  measure: (engine) =>
    timed(async () => {
      const bytes = await engine.dockerBytes("export", NAME);
      if (bytes < 450e6) throw new Error(`${engine.name}: an export of ${bytes} bytes`);
    }),
  async clean(engine) {
    await empty(engine);
    tree = undefined;
  },
};
