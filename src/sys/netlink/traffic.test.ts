import { describe, expect, test } from "vitest";
import { parseAttributes, readText } from "./attribute.ts";
import { addIngress, redirectIngress, removeIngress, removeRootQueue, setTokenBucket } from "./traffic.ts";

const TCMSG = 20;
const TCA_OPTIONS = 2;
const optionsOf = (payload: Buffer) => parseAttributes(parseAttributes(payload.subarray(TCMSG)).get(TCA_OPTIONS) ?? Buffer.alloc(0));

/** Laid out as linux/pkt_sched.h says; that a kernel takes it, and does it, is for test/integration/network/rate.test.ts. */
describe("a token bucket", () => {
  test("at the root of an interface, in place of what is there", () => {
    const { type, flags, payload } = setTokenBucket(7, { rate: 1_250_000, burst: 65_536, queue: 131_072 });
    expect([type, flags]).toEqual([36, 0x500]);
    expect([payload.readInt32LE(4), payload.readUInt32LE(8), payload.readUInt32LE(12)]).toEqual([7, 0x10000, 0xffffffff]);
    const options = optionsOf(payload);
    expect(options.get(1)?.readUInt32LE(8)).toBe(1_250_000);
    expect(options.get(1)?.readUInt32LE(24)).toBe(131_072);
    expect(options.get(4)?.readBigUInt64LE()).toBe(1_250_000n);
    expect(options.get(6)?.readUInt32LE()).toBe(65_536);
  });

  test("of more than 32 bits holds: the old field is full, the new one whole", () => {
    const options = optionsOf(setTokenBucket(7, { rate: 12.5e9, burst: 1, queue: 1 }).payload);
    expect(options.get(1)?.readUInt32LE(8)).toBe(0xffffffff);
    expect(options.get(4)?.readBigUInt64LE()).toBe(12_500_000_000n);
  });
});

test("everything that comes in goes through another interface", () => {
  const { type, payload } = redirectIngress(7, 9);
  expect([type, payload.readUInt32LE(12), payload.readUInt32LE(16)]).toEqual([44, 0xffff0000, 0x10300]);
  const action = parseAttributes(parseAttributes(optionsOf(payload).get(7) ?? Buffer.alloc(0)).get(1) ?? Buffer.alloc(0));
  expect(readText(action.get(1))).toBe("mirred");
  const mirred = parseAttributes(action.get(2) ?? Buffer.alloc(0)).get(2);
  expect([mirred?.readInt32LE(8), mirred?.readInt32LE(20), mirred?.readUInt32LE(24)]).toEqual([4, 1, 9]);
});

test("what is made is named as it is taken away", () => {
  const handles = (payload: Buffer): number[] => [payload.readInt32LE(4), payload.readUInt32LE(12)];
  expect(handles(removeIngress(7).payload)).toEqual(handles(addIngress(7).payload));
  expect(handles(removeRootQueue(7).payload)).toEqual([7, 0xffffffff]);
});
