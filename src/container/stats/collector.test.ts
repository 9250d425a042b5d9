import { describe, expect, test } from "vitest";
import { type Reading, StatsCollector } from "./collector.ts";
import type { StatsSample } from "./sample.ts";

const sampleAt = (takenAt: number): StatsSample => ({ takenAt: BigInt(takenAt) }) as StatsSample;

/** Numbers its readings. */
function collecting(read: (id: string, count: number) => Reading = (_, count) => sampleAt(count)) {
  const reads: string[] = [];
  const collector = new StatsCollector(
    (id) => {
      reads.push(id);
      return read(id, reads.length);
    },
    { every: 20 },
  );
  return { collector, reads };
}

async function take(count: number, from: AsyncIterable<StatsSample | "not-running">): Promise<(number | string)[]> {
  const taken: (number | string)[] = [];
  for await (const reading of from) {
    taken.push(typeof reading === "string" ? reading : Number(reading.takenAt));
    if (taken.length === count) break;
  }
  return taken;
}

describe("StatsCollector", () => {
  test("reads a container once however many listen, and stops when nobody does", async () => {
    const { collector, reads } = collecting();
    const { signal } = new AbortController();
    const all = await Promise.all([1, 2, 3].map(() => take(3, collector.follow("a", signal))));
    expect(all).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(reads).toHaveLength(3);
    expect(collector.size).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(reads).toHaveLength(3);
  });

  test("whoever comes later finds the last sample, and gets the next", async () => {
    const { collector } = collecting();
    const { signal } = new AbortController();
    const first = collector.follow("a", signal);
    await take(1, { [Symbol.asyncIterator]: () => ({ next: () => first.next() as Promise<IteratorResult<StatsSample>> }) });
    expect(collector.latest("a")).toEqual(sampleAt(1));
    expect(await take(1, collector.follow("a", signal))).toEqual([2]);
    await first.return();
    expect(collector.latest("a")).toBeUndefined();
  });

  test("keeps only the newest for one who is slow", async () => {
    const { collector, reads } = collecting();
    const slow = collector.follow("a", new AbortController().signal);
    await slow.next();
    await expect.poll(() => reads.length).toBeGreaterThan(4);
    const { value } = await slow.next();
    expect(Number((value as StatsSample).takenAt)).toBeGreaterThanOrEqual(4);
    await slow.return();
  });

  test("goes on over a stop, and ends with the container", async () => {
    const readings: Reading[] = [sampleAt(1), "not-running", sampleAt(3), "gone"];
    const { collector } = collecting((_, count) => readings[count - 1] ?? "gone");
    expect(await take(9, collector.follow("a", new AbortController().signal))).toEqual([1, "not-running", 3]);
    expect(collector.size).toBe(0);
  });

  test("ends when the client goes, also one that went before", async () => {
    const { collector } = collecting();
    const client = new AbortController();
    const following = take(1000, collector.follow("a", client.signal));
    await expect.poll(() => collector.size).toBe(1);
    client.abort();
    await following;
    expect(collector.size).toBe(0);
    expect(await take(1, collector.follow("a", client.signal))).toEqual([]);
    expect(collector.size).toBe(0);
  });

  test("gives the event loop its turn between two containers", async () => {
    const turns: number[] = [];
    let turn = 0;
    const { collector } = collecting((id, count) => {
      turns.push(turn);
      return sampleAt(count);
    });
    const counting = setInterval(() => (turn += 1), 0);
    const { signal } = new AbortController();
    const count = (): void => void setImmediate(() => (turn++, turns.length < 50 && count()));
    count();
    await Promise.all(Array.from({ length: 50 }, (_, index) => take(1, collector.follow(`c${index}`, signal))));
    clearInterval(counting);
    expect(new Set(turns).size).toBe(50);
  });
});
