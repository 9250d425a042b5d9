/**
 * npm run bench [-- ROW …]: measures the rows of docs/performance.md on Dhow and, where DHOW_BENCH_DOCKERD names a dockerd, on that
 * one in the same run, in turns (A B A B …). Prints medians and the median of the ratios of the pairs, and writes
 * bench/results/latest.{md,json}. Exits 0 whatever the outcome: a figure is not a test.
 *
 *   DHOW_BENCH_DOCKERD=/usr/sbin/dockerd DHOW_BENCH_DOCKER=/usr/bin/docker npm run bench -- run-bridge exec
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dockerArchive } from "../scripts/hello/docker-archive.ts";
import { busyboxLayer } from "../scripts/hello/rootfs.ts";
import { dhowEngine, dockerdEngine, type BenchEngine } from "./engine.ts";
import { IdealEngine } from "./ideal-engine.ts";
import { IMAGE, type Row } from "./row.ts";
import { rows } from "./rows/index.ts";

interface Result {
  readonly row: string;
  readonly unit: string;
  readonly target: string;
  readonly median: Readonly<Record<string, number>>;
  readonly samples: Readonly<Record<string, readonly number[]>>;
  /** Host CPU milliseconds per measurement: steadier than wall time on a shared machine. */
  readonly cpu: Readonly<Record<string, number>>;
  readonly ratio: number | undefined;
  /** What the measurement takes without an engine, where that is known, and the ratio of what is left without it. */
  readonly floor: { readonly figure: number; readonly ratio: number } | undefined;
  readonly verdict: Verdict | undefined;
  readonly error?: string;
}

/** `floor`: missed, and out of reach on this machine, since the target's share of the rival's figure is less than the floor. */
type Verdict = "met" | "missed" | "floor";

/** Measured in turns with the engines, and the same for both. */
const FLOOR = "floor";

const wanted = process.argv.slice(2);
const chosen = rows.filter((row) => wanted.length === 0 || wanted.some((name) => row.name.startsWith(name)));
if (chosen.length === 0) throw new Error(`no such row; there are ${rows.map((row) => row.name).join(", ")}`);

const dockerd = process.env["DHOW_BENCH_DOCKERD"];
const engines = [dhowEngine(), ...(dockerd === undefined ? [] : [dockerdEngine(dockerd)])];
const ideal = new IdealEngine();
const results: Result[] = [];
/** Set by a signal: what is being measured is measured to its end, and what was started is stopped and cleared away. */
let isCut = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => (isCut = true));
try {
  await ideal.start();
  for (const engine of engines) {
    await engine.start();
    await engine.ok(
      "POST",
      "/images/load",
      dockerArchive([{ reference: IMAGE, layers: [busyboxLayer()], config: { Cmd: ["sh"], Env: ["PATH=/bin"] } }]),
    );
  }
  for (const row of chosen) {
    if (isCut) break;
    const result = await measure(row, engines);
    results.push(result);
    console.log(line(result));
  }
} finally {
  for (const engine of [...engines, ideal]) await engine.stop();
  for (const engine of [...engines, ideal]) engine.dispose();
}
report(results);

type Samples = Record<string, { figures: number[]; cpu: number[] }>;

/** All rounds of a row, engines in turns; the first round warms up and does not count where there are several. */
async function measure(row: Row, on: readonly BenchEngine[]): Promise<Result> {
  const samples: Samples = Object.fromEntries([...on.map(({ name }) => name), FLOOR].map((name) => [name, { figures: [], cpu: [] }]));
  const prepared = row.floor === "ideal" ? [...on, ideal] : on;
  let error: string | undefined;
  try {
    for (const engine of prepared) await row.prepare?.(engine);
    if (row.rounds > 2) await oneRound(row, on, {});
    for (let round = 0; round < row.rounds && !isCut; round++) await oneRound(row, on, samples);
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.message : String(thrown);
  } finally {
    for (const engine of prepared) await row.clean?.(engine).catch((thrown: unknown) => console.error(String(thrown)));
  }
  return summarize(row, samples, error);
}

async function oneRound(row: Row, on: readonly BenchEngine[], into: Samples): Promise<void> {
  for (const engine of on) {
    const before = cpuMilliseconds();
    const figure = await row.measure(engine);
    into[engine.name]?.figures.push(figure);
    into[engine.name]?.cpu.push(cpuMilliseconds() - before);
  }
  if (row.floor === "ideal") into[FLOOR]?.figures.push(await row.measure(ideal));
  else if (row.floor !== undefined) into[FLOOR]?.figures.push(await row.floor());
}

function summarize(row: Row, samples: Samples, error: string | undefined): Result {
  const figuresOf = (name: string): readonly number[] => samples[name]?.figures ?? [];
  const floor = median(figuresOf(FLOOR));
  const ratioBeyond = (less: number): number =>
    median(pairs(figuresOf("dhow"), figuresOf("dockerd")).map(([a, b]) => (a - less) / (b - less)));
  const measured = figuresOf("dockerd").length > 0 && figuresOf("dhow").length > 0;
  const ratio = measured ? ratioBeyond(0) : undefined;
  const perEngine = <T>(pick: (sample: { figures: number[]; cpu: number[] }) => T): Record<string, T> =>
    Object.fromEntries(Object.entries(samples).map(([name, sample]) => [name, pick(sample)]));
  return {
    row: row.name,
    unit: row.unit,
    target: `${row.better === "less" ? "≤" : "≥"} ${row.target}`,
    median: perEngine(({ figures }) => median(figures)),
    samples: perEngine(({ figures }) => figures),
    cpu: perEngine((sample) => median(sample.cpu)),
    ratio,
    floor: row.floor !== undefined && measured ? { figure: floor, ratio: ratioBeyond(floor) } : undefined,
    verdict: ratio === undefined ? undefined : verdictOf(row, ratio, floor / median(figuresOf("dockerd"))),
    ...(error === undefined ? {} : { error }),
  };
}

function verdictOf(row: Row, ratio: number, floorRatio: number): Verdict {
  if (row.better === "less" ? ratio <= row.target : ratio >= row.target) return "met";
  return floorRatio >= row.target ? "floor" : "missed";
}

function pairs(first: readonly number[], second: readonly number[]): [number, number][] {
  return first.flatMap((figure, index) => (second[index] === undefined ? [] : [[figure, second[index]] satisfies [number, number]]));
}

function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** Time that all processors of the host spent working, in milliseconds. */
function cpuMilliseconds(): number {
  return cpus().reduce((total, { times }) => total + times.user + times.nice + times.sys + times.irq, 0);
}

function line(result: Result): string {
  const show = (figure: number | undefined): string =>
    figure === undefined || Number.isNaN(figure) ? "–" : figure >= 100 ? figure.toFixed(0) : figure.toPrecision(3);
  const cells = [
    result.row,
    result.unit,
    show(result.median["dhow"]),
    show(result.median["dockerd"]),
    show(result.ratio),
    result.target,
    result.verdict ?? "",
    show(result.cpu["dhow"]),
    show(result.cpu["dockerd"]),
    show(result.floor?.figure),
    show(result.floor?.ratio),
  ];
  return `| ${cells.join(" | ")} |${result.error === undefined ? "" : `  ${result.error.slice(0, 300)}`}`;
}

function report(all: readonly Result[]): void {
  const model = /model name\s*:\s*(.*)/.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "unknown processor";
  const table = [
    "| row | unit | dhow | dockerd | ratio | target | | dhow CPU ms | dockerd CPU ms | floor | ratio without |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
    ...all.map(line),
  ].join("\n");
  const folder = new URL("results/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL("latest.md", folder), `${cpus().length} × ${model}, ${new Date().toISOString()}\n\n${table}\n`);
  writeFileSync(new URL("latest.json", folder), JSON.stringify(all, undefined, 2));
  console.log(`\n${table}\n`);
}
