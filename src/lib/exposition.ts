import { monotonicMs } from "./monotonic.ts";
/**
 * Prometheus' text format (version 0.0.4), as far as it is needed here. prom-client does the same, and more, for a registry that has to
 * be loaded at every start, also of those daemons whose metrics nobody reads; this is one page.
 */

export type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

/** A family of one kind. */
export function family(name: string, type: "counter" | "gauge", help: string, samples: readonly Sample[]): string {
  return [
    ...header(name, type, help),
    ...samples.map(({ labels = {}, value }) => `${name}${labelsText(labels)} ${numberText(value)}`),
  ].join("\n");
}

/** Seconds, the client libraries' own. */
const BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How long something takes, by one label. */
export class Timings {
  readonly #name: string;
  readonly #help: string;
  readonly #label: string;
  readonly #series = new Map<string, { readonly buckets: number[]; sum: number; count: number }>();

  /** @param values that are shown from the start, at zero. */
  constructor(name: string, help: string, label: string, values: readonly string[] = []) {
    this.#name = name;
    this.#help = help;
    this.#label = label;
    for (const value of values) this.#seriesOf(value);
  }

  observe(value: string, seconds: number): void {
    const series = this.#seriesOf(value);
    const bucket = BUCKETS.findIndex((limit) => seconds <= limit);
    if (bucket >= 0) series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
    series.sum += seconds;
    series.count += 1;
  }

  /** Observes a piece of work that ends well. */
  async time<T>(value: string, work: () => Promise<T>): Promise<T> {
    const start = monotonicMs();
    const result = await work();
    this.observe(value, (monotonicMs() - start) / 1000);
    return result;
  }

  text(): string {
    const lines = [...this.#series].flatMap(([value, { buckets, sum, count }]) => {
      const line = (suffix: string, number: number, le?: string): string =>
        `${this.#name}${suffix}${labelsText({ [this.#label]: value, ...(le === undefined ? {} : { le }) })} ${numberText(number)}`;
      let total = 0;
      const counted = BUCKETS.map((limit, index) => line("_bucket", (total += buckets[index] ?? 0), String(limit)));
      return [...counted, line("_bucket", count, "+Inf"), line("_sum", sum), line("_count", count)];
    });
    return [...header(this.#name, "histogram", this.#help), ...lines].join("\n");
  }

  #seriesOf(value: string): { readonly buckets: number[]; sum: number; count: number } {
    const series = this.#series.get(value) ?? { buckets: [], sum: 0, count: 0 };
    this.#series.set(value, series);
    return series;
  }
}

function header(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`];
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value).replaceAll('"', String.raw`\"`)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", String.raw`\n`);
}

function numberText(value: number): string {
  return Number.isNaN(value) ? "NaN" : String(value).replace("Infinity", "Inf");
}
