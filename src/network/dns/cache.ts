import { monotonicMs } from "#lib/monotonic.ts";
import { isTruncated, type Question, RCODE, rcodeOf, readRecords, TYPE } from "./message.ts";

export interface CacheLimits {
  readonly entries: number;
  readonly bytes: number;
}

const CACHE_LIMITS: CacheLimits = { entries: 4096, bytes: 4 * 1024 * 1024 };

/** Seconds. A record may be kept for as long as its zone says, and no longer than this; that something is not there, for less. */
const LONGEST_TTL = 3600;
const LONGEST_NEGATIVE_TTL = 300;
/** A server that fails now may answer in a moment; this only keeps clients that ask again at once from asking it again at once. */
const FAILURE_TTL = 1;

interface Entry {
  readonly packet: Buffer;
  readonly ttlOffsets: readonly number[];
  /** Milliseconds of the cache's clock. */
  readonly storedAt: number;
  readonly expiresAt: number;
}

/** What a lookup gave; the packet is the caller's own. */
export interface Cached {
  readonly packet: Buffer;
  readonly ageSeconds: number;
}

/** Answers of servers, for as long as they say; the least recently used go first when there are too many. */
export class AnswerCache {
  readonly #limits: CacheLimits;
  readonly #now: () => number;
  /** In the order of last use. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(limits: CacheLimits = CACHE_LIMITS, now: () => number = () => monotonicMs()) {
    this.#limits = limits;
    this.#now = now;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Cached | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const now = this.#now();
    this.#entries.delete(key);
    if (now >= entry.expiresAt) {
      this.#bytes -= entry.packet.length;
      return undefined;
    }
    this.#entries.set(key, entry);
    const ageSeconds = Math.floor((now - entry.storedAt) / 1000);
    return { packet: aged(entry, ageSeconds), ageSeconds };
  }

  /** Keeps an answer, where it may be kept at all. */
  put(key: string, packet: Buffer, question: Question): void {
    const life = lifeOf(packet, question);
    if (life === undefined || packet.length > this.#limits.bytes) return;
    this.#remove(key);
    const now = this.#now();
    // A copy: what came from a socket is a slice of something larger.
    this.#entries.set(key, {
      packet: Buffer.from(packet),
      ttlOffsets: life.ttlOffsets,
      storedAt: now,
      expiresAt: now + life.seconds * 1000,
    });
    this.#bytes += packet.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limits.entries && this.#bytes <= this.#limits.bytes) break;
      this.#remove(oldest);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.packet.length;
  }
}

function aged({ packet, ttlOffsets }: Entry, seconds: number): Buffer {
  const copy = Buffer.from(packet);
  for (const offset of ttlOffsets) copy.writeUInt32BE(Math.max(0, copy.readUInt32BE(offset) - seconds), offset);
  return copy;
}

/** How long an answer may be kept, and where its TTLs are; undefined for one that may not be. */
export function lifeOf(packet: Buffer, question: Question): { seconds: number; ttlOffsets: number[] } | undefined {
  const rcode = rcodeOf(packet);
  if (rcode === RCODE.failure) return { seconds: FAILURE_TTL, ttlOffsets: [] };
  if ((rcode !== RCODE.success && rcode !== RCODE.noSuchName) || isTruncated(packet)) return undefined;
  const records = readRecords(packet, question.end);
  if (records === undefined) return undefined;
  const places = records.filter(({ place }) => place.type !== TYPE.OPT);
  const ttlOffsets = places.map(({ place }) => place.ttlOffset);
  const ttls = ttlOffsets.map((offset) => ttlAt(packet, offset));
  const isPositive = rcode === RCODE.success && records.some(({ section, place }) => section === 0 && isWanted(place.type, question));
  const seconds = isPositive ? Math.min(LONGEST_TTL, ...ttls) : negativeLife(packet, places);
  return seconds > 0 ? { seconds, ttlOffsets } : undefined;
}

/** A chain of aliases that ends in nothing is a negative answer. */
function isWanted(type: number, question: Question): boolean {
  return type === question.type || question.type === TYPE.ANY;
}

/** RFC 2308: by the SOA record of the zone; without one, not at all. */
function negativeLife(packet: Buffer, records: NonNullable<ReturnType<typeof readRecords>>): number {
  const soa = records.find(({ section, place }) => section === 1 && place.type === TYPE.SOA)?.place;
  if (soa === undefined || soa.end - soa.dataOffset < 22) return 0;
  const minimum = packet.readUInt32BE(soa.end - 4);
  const others = records.map(({ place }) => ttlAt(packet, place.ttlOffset));
  return Math.min(LONGEST_NEGATIVE_TTL, minimum, ...others);
}

/** RFC 2181: one with the top bit set is zero. */
function ttlAt(packet: Buffer, offset: number): number {
  const ttl = packet.readUInt32BE(offset);
  return ttl > 0x7fff_ffff ? 0 : ttl;
}
