import { EngineError } from "#errors/engine-error.ts";
import { parseMemory } from "#lib/units.ts";

/**
 * How much a container may send and receive: what Docker has no word for. It is said by labels, so that every client can say it and every
 * inspect shows it:
 *
 *     dhow.network.rate.in=10mbit    dhow.network.burst.in=64k
 *     dhow.network.rate.out=2.5mbit  dhow.network.burst.out=32k
 *
 * A rate is in bits a second (`bit`, `kbit`, `mbit`, `gbit`, powers of 1000), a burst in bytes (`64k`, `1m`, powers of 1024). A direction
 * is the container's: `in` is what it receives. The limit is for each of its network interfaces.
 */
export interface NetworkRate {
  readonly in?: RateLimit | undefined;
  readonly out?: RateLimit | undefined;
}

export interface RateLimit {
  /** Bytes a second. */
  readonly rate: number;
  /** Bytes that may pass at once. */
  readonly burst: number;
}

/** Label by the name it has in a request to the API. */
export const rateLabels = {
  RateIn: "dhow.network.rate.in",
  RateOut: "dhow.network.rate.out",
  BurstIn: "dhow.network.burst.in",
  BurstOut: "dhow.network.burst.out",
} as const;

/** New texts for some of the labels; an empty one takes the label away. */
export type RateChange = { readonly [Name in keyof typeof rateLabels]?: string | undefined };

type Labels = Readonly<Record<string, string>>;

const LEAST_RATE = 8000;
const MOST_RATE = 100e9;
/** No less than a packet, or it would never pass. */
const LEAST_BURST = 2048;
const MOST_BURST = 256 * 1024 * 1024;
const LONGEST_BURST_SECONDS = 60;
const RATE = /^(\d{1,12}(?:\.\d{1,6})?)([kmg]?)bit$/i;
const POWERS = { "": 1, k: 1e3, m: 1e6, g: 1e9 } as const;

/**
 * What the labels of a container ask for; undefined where none of them is there.
 *
 * @throws EngineError `invalid` naming the label: one that is malformed or out of bounds, or a name that looks like one of these and is none.
 */
export function networkRateOf(labels: Labels | undefined): NetworkRate | undefined {
  const given = Object.entries(labels ?? {}).filter(([name]) => /^dhow\.network\.(rate|burst)/.test(name));
  const known: readonly string[] = Object.values(rateLabels);
  const unknown = given.find(([name]) => !known.includes(name));
  if (unknown !== undefined) throw invalid(`unknown label ${JSON.stringify(unknown[0])}: want one of ${known.join(", ")}`);
  if (given.length === 0) return undefined;
  const values = Object.fromEntries(given);
  return {
    in: limitOf(values, rateLabels.RateIn, rateLabels.BurstIn),
    out: limitOf(values, rateLabels.RateOut, rateLabels.BurstOut),
  };
}

function limitOf(labels: Labels, rateLabel: string, burstLabel: string): RateLimit | undefined {
  const [rateText, burstText] = [labels[rateLabel], labels[burstLabel]];
  if (rateText === undefined) {
    if (burstText !== undefined) throw invalid(`label ${burstLabel} needs ${rateLabel} beside it`);
    return undefined;
  }
  const rate = parseRate(rateText, rateLabel);
  const burst = burstText === undefined ? usualBurst(rate) : parseBurst(burstText, burstLabel);
  if (burst / rate > LONGEST_BURST_SECONDS) throw invalid(`label ${burstLabel}: ${burstText} is more than a minute's worth of ${rateText}`);
  return { rate, burst };
}

/** @returns bytes a second. */
function parseRate(text: string, label: string): number {
  const [, digits, prefix = ""] = RATE.exec(text) ?? [];
  if (digits === undefined)
    throw invalid(`label ${label}: ${quoted(text)} is no rate: want a number with bit, kbit, mbit or gbit, such as 10mbit`);
  const bits = Number(digits) * POWERS[prefix.toLowerCase() as keyof typeof POWERS];
  if (bits < LEAST_RATE || bits > MOST_RATE) throw invalid(`label ${label}: ${text} is out of bounds: want 8kbit to 100gbit`);
  return Math.floor(bits / 8);
}

function parseBurst(text: string, label: string): number {
  const bytes = parseMemory(text);
  if (bytes === undefined) throw invalid(`label ${label}: ${quoted(text)} is no size: want a number of bytes, such as 64k`);
  if (bytes < LEAST_BURST || bytes > MOST_BURST) throw invalid(`label ${label}: ${text} is out of bounds: want 2k to 256m`);
  return bytes;
}

/** A hundredth of a second's worth; of a low rate as much as a kernel hands over in one piece, as long as that is not many seconds'. */
function usualBurst(rate: number): number {
  return Math.max(LEAST_BURST, Math.min(64 * 1024, rate * 10), Math.min(MOST_BURST, Math.ceil(rate / 100)));
}

/** The labels with a change applied; the same object when it says nothing. */
export function withRate(labels: Labels | undefined, change: RateChange): Labels | undefined {
  const names = (Object.keys(rateLabels) as (keyof typeof rateLabels)[]).filter((name) => change[name] !== undefined);
  if (names.length === 0) return labels;
  const changed = new Map(Object.entries(labels ?? {}));
  for (const name of names) {
    const text = change[name] ?? "";
    if (text === "") changed.delete(rateLabels[name]);
    else changed.set(rateLabels[name], text);
  }
  return Object.fromEntries(changed);
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message);
}
