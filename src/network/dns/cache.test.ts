import * as dns from "dns-packet";
import { beforeEach, expect, it } from "vitest";
import { AnswerCache, lifeOf } from "./cache.ts";
import { parseQuestion, type Question } from "./message.ts";

let now = 0;
let cache: AnswerCache;
beforeEach(() => {
  now = 1000;
  cache = new AnswerCache({ entries: 3, bytes: 1000 }, () => now);
});

const NXDOMAIN = 3;
const SERVFAIL = 2;
const SOA = {
  type: "SOA",
  name: "example",
  ttl: 900,
  data: { mname: "a", rname: "b", serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 120 },
} as const;
const a = (ttl: number) => ({ type: "A", name: "web.example", ttl, data: "192.0.2.1" }) as const;

function response(packet: Partial<dns.Packet>, rcode = 0): { packet: Buffer; question: Question } {
  const bytes = dns.encode({ type: "response", id: 1, flags: rcode, questions: [{ type: "A", name: "web.example" }], ...packet });
  return { packet: bytes, question: parseQuestion(bytes) as Question };
}

function put(key: string, packet: Partial<dns.Packet>, rcode = 0): void {
  const made = response(packet, rcode);
  cache.put(key, made.packet, made.question);
}

it("keeps an answer as long as its records say, and counts down", () => {
  put("k", { answers: [a(60), a(30)], additionals: [{ type: "OPT", name: ".", udpPayloadSize: 1232 } as never] });
  now += 29_500;
  const found = cache.get("k");
  expect(found?.ageSeconds).toBe(29);
  expect(dns.decode(found?.packet ?? Buffer.alloc(0)).answers).toMatchObject([{ ttl: 31 }, { ttl: 1 }]);
  now += 500;
  expect(cache.get("k")).toBeUndefined();
  expect([cache.size, cache.bytes]).toEqual([0, 0]);
});

it.each([
  ["an answer", { answers: [a(60)] }, 0, 60],
  ["an answer for a week", { answers: [a(604_800)] }, 0, 3600],
  ["an answer for no time", { answers: [a(0)] }, 0, undefined],
  ["a TTL with the top bit set", { answers: [a(0xffff_ffff)] }, 0, undefined],
  ["no such name", { authorities: [SOA] }, NXDOMAIN, 120],
  ["no such record", { authorities: [SOA] }, 0, 120],
  ["no such name, for long", { authorities: [{ ...SOA, data: { ...SOA.data, minimum: 86_400 } }] }, NXDOMAIN, 300],
  ["no such name, of a zone that does not say", {}, NXDOMAIN, undefined],
  [
    "an alias that leads nowhere",
    { answers: [{ type: "CNAME", name: "web.example", ttl: 20, data: "x.example" }], authorities: [SOA] },
    0,
    20,
  ],
  ["a failure", {}, SERVFAIL, 1],
  ["a refusal", {}, 5, undefined],
  ["what was cut off", { flags: dns.TRUNCATED_RESPONSE, answers: [a(60)] }, 0, undefined],
] satisfies [string, Partial<dns.Packet>, number, number | undefined][])("%s", (_, packet, rcode, seconds) => {
  const made = response(packet, rcode);
  expect(lifeOf(made.packet, made.question)?.seconds).toBe(seconds);
});

it("keeps nothing that is malformed", () => {
  const { packet, question } = response({ answers: [a(60)] });
  expect(lifeOf(packet.subarray(0, packet.length - 2), question)).toBeUndefined();
});

it("hands out a copy, and keeps one", () => {
  const { packet, question } = response({ answers: [a(60)] });
  cache.put("k", packet, question);
  packet.fill(0);
  cache.get("k")?.packet.fill(0);
  expect(dns.decode(cache.get("k")?.packet ?? Buffer.alloc(0)).answers).toHaveLength(1);
});

it("forgets the least recently used when there are too many, or they are too large", () => {
  for (const key of ["a", "b", "c"]) put(key, { answers: [a(60)] });
  cache.get("a");
  put("d", { answers: [a(60)] });
  expect(["a", "b", "c", "d"].filter((key) => cache.get(key) !== undefined)).toEqual(["a", "c", "d"]);
  put("large", { answers: Array.from({ length: 30 }, () => a(60)) });
  expect(cache.bytes).toBeLessThanOrEqual(1000);
  expect(cache.get("large")).toBeDefined();
  put("larger", { answers: Array.from({ length: 60 }, () => a(60)) });
  expect(cache.get("larger")).toBeUndefined();
  expect(cache.get("large")).toBeDefined();
  cache.clear();
  expect([cache.size, cache.bytes]).toEqual([0, 0]);
});
