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
