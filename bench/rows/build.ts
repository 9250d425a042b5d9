import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packTar } from "#lib/tar-pack.ts";
import type { BenchEngine } from "../engine.ts";
import { IMAGE, timed, type Row } from "../row.ts";

/** Ten trivial steps: what is measured is the builder. */
const dockerfile = [`FROM ${IMAGE}`, ...Array.from({ length: 10 }, (_, index) => `RUN echo ${index} > /file-${index}`), ""].join("\n");
const context = (): Uint8Array => packTar([{ name: "Dockerfile", type: "file", mode: 0o644, data: Buffer.from(dockerfile) }]);

/** By the classic wire on both sides. @throws what the builder says: its failures come in a stream that began well. */
async function build(engine: BenchEngine, query: string): Promise<void> {
  const text = await engine.ok("POST", `/build?t=bench%2Fbuilt&${query}`, context());
  if (!text.includes("Successfully built")) throw new Error(`${engine.name}: ${text.slice(-500)}`);
}

export const buildCold: Row = {
  name: "build-10-cold",
  unit: "ms",
  target: 0.2,
  better: "less",
  rounds: 3,
  measure: (engine) => timed(() => build(engine, "nocache=1")),
};

/** Nothing changed: what a developer does most. */
export const buildCached: Row = {
  name: "build-10-cached",
  unit: "ms",
  target: 0.5,
  better: "less",
  rounds: 9,
  prepare: (engine) => build(engine, ""),
  measure: (engine) => timed(() => build(engine, "")),
};

/** A folder on the disk for the docker command line, whose own time is in the figure on both sides. */
class Context {
  readonly folder = mkdtempSync(join(tmpdir(), "bench-context-"));

  write(name: string, data: string | Uint8Array): void {
    writeFileSync(join(this.folder, name), data);
  }

  remove(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
    return Promise.resolve();
  }
}

interface CommandRow {
  readonly name: string;
  readonly target: number;
  readonly rounds: number;
  readonly flags?: readonly string[];
  /** Writes the context, once for each engine; a folder of its own. */
  readonly fill: (context: Context) => void;
  /** Before each measurement. */
  readonly change?: (context: Context, round: number) => void;
}

/**
 * By the command line: Dhow over the classic wire, dockerd by BuildKit where that is there (DHOW_BENCH_BUILDX), else by its classic builder,
 * too.
 */
function byCommand({ name, target, rounds, flags = [], fill, change }: CommandRow): Row {
  const contexts = new Map<BenchEngine, Context>();
  let round = 0;
  return {
    name,
    unit: "ms",
    target,
    better: "less",
    rounds,
    async prepare(engine) {
      const context = new Context();
      contexts.set(engine, context);
      fill(context);
      if (!flags.includes("--no-cache")) await engine.build("-q", context.folder);
    },
    async measure(engine) {
      const context = contexts.get(engine);
      if (context === undefined) throw new Error("not prepared");
      change?.(context, round++);
      return await timed(() => engine.build("-q", ...flags, context.folder));
    },
    async clean(engine) {
      await contexts.get(engine)?.remove();
      await engine.api("POST", "/build/prune?all=1");
    },
  };
}

const MEGABYTE = 1024 * 1024;

export const buildColdByCommand = byCommand({
  name: "build-10-cold-buildx",
  target: 0.2,
  rounds: 3,
  flags: ["--no-cache"],
  fill: (context) => context.write("Dockerfile", dockerfile),
});

export const buildCachedByCommand = byCommand({
  name: "build-10-cached-buildx",
  target: 0.5,
  rounds: 5,
  fill: (context) => context.write("Dockerfile", dockerfile),
});

/** The work of a day: one source file is another, what was installed before is not. */
export const buildChanged = byCommand({
  name: "build-one-changed",
  target: 0.5,
  rounds: 5,
  fill: (context) => {
    context.write("Dockerfile", `FROM ${IMAGE}\nCOPY packages .\nRUN cp packages installed\nCOPY . /app/\nRUN cat /app/source > /built\n`);
    context.write("packages", "one\n");
    context.write("source", "0\n");
  },
  change: (context, round) => context.write("source", `${round}\n`),
});

export const buildManyFiles = byCommand({
  name: "build-context-10000",
  target: 0.6,
  rounds: 3,
  fill: (context) => {
    context.write("Dockerfile", `FROM ${IMAGE}\nCOPY . /app/\n`);
    for (let index = 0; index < 10_000; index++) context.write(`file-${index}`, `${index}\n`);
  },
  change: (context, round) => context.write("file-0", `changed ${round}\n`),
});

/** BuildKit's wire asks for the file that is used alone; the classic one brings all, to dockerd's classic builder as well. */
export const buildLargeContext: Row = (() => {
  let tar: Buffer | undefined;
  return {
    name: "build-context-500m",
    unit: "ms",
    target: 0.4,
    better: "less",
    rounds: 2,
    prepare: () => {
      tar ??= largeContext(`FROM ${IMAGE}\nCOPY small /small\n`);
      return Promise.resolve();
    },
    measure: (engine) => timed(() => engine.ok("POST", "/build?nocache=1", tar)),
    clean: () => {
      tar = undefined;
      return Promise.resolve();
    },
  };
})();

export const buildLargeCopy = byCommand({
  name: "build-copy-500m-buildx",
  target: 0.4,
  rounds: 2,
  flags: ["--no-cache"],
  fill: (context) => {
    context.write("Dockerfile", `FROM ${IMAGE}\nCOPY large-* /data/\n`);
    for (let index = 0; index < 5; index++) context.write(`large-${index}`, randomBytes(100 * MEGABYTE));
  },
});

/** Four stages that wait a second each, and the one that takes of them all. */
export const buildParallel = byCommand({
  name: "build-parallel-stages-buildx",
  target: 0.7,
  rounds: 2,
  flags: ["--no-cache"],
  fill: (context) => {
    const stages = ["a", "b", "c", "d"];
    const lines = stages.map((name) => `FROM ${IMAGE} AS ${name}\nRUN sleep 1; echo ${name} > /${name}`);
    context.write("Dockerfile", [...lines, `FROM ${IMAGE}`, ...stages.map((name) => `COPY --from=${name} /${name} /`), ""].join("\n"));
  },
});

function largeContext(text: string): Buffer {
  const large = Array.from({ length: 5 }, (_, index) => ({
    name: `large-${index}`,
    type: "file" as const,
    mode: 0o644,
    data: randomBytes(100 * MEGABYTE),
  }));
  const file = (name: string, data: string) => ({ name, type: "file" as const, mode: 0o644, data: Buffer.from(data) });
  return packTar([file("Dockerfile", text), file("small", "small\n"), ...large]);
}
