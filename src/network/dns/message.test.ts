import * as dns from "dns-packet";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressData } from "./address-data.ts";
import {
  answers,
  encodeName,
  encodeQuery,
  forwardedPacket,
  isTruncated,
  ownAnswer,
  parseQuery,
  parseQuestion,
  type Query,
  RCODE,
  readdress,
  readRecords,
  refusalOf,
  TYPE,
  udpLimit,
} from "./message.ts";

/** Packets are made and read by another codec, so that no mistake of ours cancels itself. */
function query(
  name: string,
  { type = "A", size, flags = dns.RECURSION_DESIRED }: { type?: dns.RecordType; size?: number; flags?: number } = {},
): Query {
  const opt = { type: "OPT", name: ".", udpPayloadSize: size, flags: dns.DNSSEC_OK, options: [] } as unknown as dns.OptAnswer;
  const packet = dns.encode({ type: "query", id: 7, flags, questions: [{ type, name }], additionals: size === undefined ? [] : [opt] });
  const parsed = parseQuery(packet);
  if ("refusal" in parsed) throw new Error("refused");
  return parsed;
}

const A = (address: string) => ({ type: TYPE.A, ttl: 5, data: addressData(address) });
const roomy = { limit: 512, authoritative: true };

describe("a question", () => {
  it("is read in lower case, with its size", () => {
    const { question, edns } = query("WeB.Example.COM", { type: "AAAA", size: 4000 });
    expect(question).toMatchObject({ name: "web.example.com", type: TYPE.AAAA, class: 1 });
    expect(edns).toMatchObject({ size: 4000, dnssecOk: true });
    expect(query("web").edns).toBeUndefined();
  });

  it("keeps a dot within a label, and what is no letter, apart", () => {
    const packet = Buffer.concat([query("x").packet.subarray(0, 12), Buffer.from([3, 0x61, 0x2e, 0x62, 2, 0x5c, 0xff, 0, 0, 1, 0, 1])]);
    expect(parseQuestion(packet)?.name).toBe("a\\046b.\\092\\255");
  });

  it("is what our own encoder makes", () => {
    expect(encodeQuery("db.app", TYPE.A)?.question).toMatchObject({ name: "db.app", type: TYPE.A });
    expect(dns.decode(encodeQuery("db.app", TYPE.PTR, 9)?.packet ?? Buffer.alloc(0))).toMatchObject({
      id: 9,
      questions: [{ name: "db.app", type: "PTR" }],
    });
    expect([encodeQuery("a..b", 1), encodeQuery("x".repeat(64), 1), encodeQuery(`${"x".repeat(60)}.`.repeat(5), 1)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(encodeName("x".repeat(64))).toBeUndefined();
  });
});

describe("what is no question", () => {
  const header = (flags: number, ...counts: number[]): Buffer => {
    const packet = Buffer.alloc(12);
    [7, flags, ...counts].forEach((value, index) => packet.writeUInt16BE(value, 2 * index));
    return packet;
  };
  it.each([
    ["nothing", Buffer.alloc(0), undefined],
    ["half a header", Buffer.alloc(11), undefined],
    ["an answer", header(0x8000, 1), undefined],
    ["an update", header(0x2800, 1), RCODE.notImplemented],
    ["no question", header(0, 0), RCODE.malformed],
    ["two questions", Buffer.concat([header(0, 2), Buffer.from([0, 0, 1, 0, 1, 0, 0, 1, 0, 1])]), RCODE.malformed],
    ["a name without end", Buffer.concat([header(0, 1), Buffer.from([5, 0x61])]), RCODE.malformed],
    ["a pointer to itself", Buffer.concat([header(0, 1), Buffer.from([0xc0, 0x0c, 0, 1, 0, 1])]), RCODE.malformed],
    ["a question with answers", Buffer.concat([header(0, 1, 1), Buffer.from([0, 0, 1, 0, 1])]), RCODE.malformed],
    ["a hundred records", Buffer.concat([header(0, 1, 0, 0, 100), Buffer.from([0, 0, 1, 0, 1])]), RCODE.malformed],
    ["a record that is cut off", Buffer.concat([header(0, 1, 0, 0, 1), Buffer.from([0, 0, 1, 0, 1, 0, 0, 41, 0])]), RCODE.malformed],
    [
      "a name of 300 bytes",
      Buffer.concat([header(0, 1), Buffer.from(`\x3f${"x".repeat(63)}`.repeat(5), "latin1"), Buffer.from([0, 0, 1, 0, 1])]),
      RCODE.malformed,
    ],
  ])("%s", (_, packet, rcode) => {
    const parsed = parseQuery(packet);
    expect("refusal" in parsed && parsed.refusal?.rcode).toBe(rcode);
    if ("refusal" in parsed && parsed.refusal !== undefined) {
      const refusal = refusalOf(parsed.refusal);
      expect(refusal.readUInt16BE(0)).toBe(7);
      expect(refusal.length).toBe(12);
      expect(refusal.readUInt16BE(2) & 0x800f).toBe(0x8000 | (rcode ?? 0));
    }
  });

  it("no bytes make it throw", () => {
    const property = fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (bytes, plausible) => {
      const packet = Buffer.from(bytes);
      if (plausible && packet.length >= 12) Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1]).copy(packet);
      const parsed = parseQuery(packet);
      if (!("refusal" in parsed)) ownAnswer(parsed, 0, [], roomy);
      if (packet.length >= 12) readRecords(packet, 12);
    });
    expect(fc.check(property, { numRuns: 2000 })).toMatchObject({ failed: false });
  });
});

describe("an answer of our own", () => {
  it("says what it knows, in the client's spelling", () => {
    const answer = dns.decode(ownAnswer(query("WeB"), RCODE.success, [A("10.0.0.2"), A("10.0.0.3")], roomy));
    expect(answer).toMatchObject({
      id: 7,
      type: "response",
      flag_aa: true,
      flag_ra: true,
      flag_rd: true,
      flag_tc: false,
      rcode: "NOERROR",
    });
    expect(answer.questions).toEqual([{ name: "WeB", type: "A", class: "IN" }]);
    expect(answer.answers).toMatchObject([
      { name: "WeB", type: "A", ttl: 5, data: "10.0.0.2" },
      { name: "WeB", type: "A", ttl: 5, data: "10.0.0.3" },
    ]);
    expect(answer.additionals).toEqual([]);
  });

  it("has EDNS where the question has", () => {
    const answer = dns.decode(ownAnswer(query("nosuch", { size: 1400 }), RCODE.noSuchName, [], roomy));
    expect(answer).toMatchObject({ rcode: "NXDOMAIN", answers: [], additionals: [{ type: "OPT", udpPayloadSize: 1232 }] });
  });

  it("carries IPv6 addresses and names", () => {
    const data = encodeName("web.app") ?? Buffer.alloc(0);
    expect(
      dns.decode(ownAnswer(query("2.0.0.10.in-addr.arpa", { type: "PTR" }), 0, [{ type: TYPE.PTR, ttl: 5, data }], roomy)).answers,
    ).toMatchObject([{ type: "PTR", data: "web.app" }]);
    const six = ["2001:db8::1", "::", "::1", "fe80::1%eth0", "1:2:3:4:5:6:7:8", "::ffff:10.1.2.3"];
    const records = six.map((address) => ({ type: TYPE.AAAA, ttl: 5, data: addressData(address) }));
    expect(
      dns.decode(ownAnswer(query("x", { type: "AAAA" }), 0, records, roomy)).answers?.map((record) => (record as { data: string }).data),
    ).toEqual(["2001:db8::1", "::", "::1", "fe80::1", "1:2:3:4:5:6:7:8", "::ffff:a01:203"]);
  });

  it("is cut off where it does not fit, and says so", () => {
    const many = Array.from({ length: 40 }, (_, index) => A(`10.0.0.${index}`));
    const short = ownAnswer(query("web"), 0, many, roomy);
    expect(isTruncated(short)).toBe(true);
    expect(dns.decode(short)).toMatchObject({ answers: [], flag_tc: true });
    expect(dns.decode(ownAnswer(query("web"), 0, many, { ...roomy, limit: 1232 })).answers).toHaveLength(40);
  });

  it("goes by the size that the client takes, within reason", () => {
    expect([undefined, 100, 1400, 65_535].map((size) => udpLimit(query("x", size === undefined ? {} : { size })))).toEqual([
      512, 512, 1400, 4096,
    ]);
  });
});

describe("another's answer", () => {
  const asked = query("Web.Example", { size: 4096 });
  const forwarded = forwardedPacket(asked, 99);
  const reply = (change: Partial<dns.Packet> = {}) =>
    dns.encode({
      type: "response",
      id: 99,
      flags: dns.RECURSION_DESIRED,
      questions: [{ type: "A", name: "web.example" }],
      answers: [{ type: "A", name: "web.example", ttl: 60, data: "192.0.2.1" }],
      ...change,
    });

  it("was asked for in one piece, with another identifier", () => {
    expect(dns.decode(forwarded)).toMatchObject({
      id: 99,
      flag_rd: true,
      questions: [{ name: "Web.Example" }],
      additionals: [{ udpPayloadSize: 1232 }],
    });
    expect(asked.packet.readUInt16BE(0)).toBe(7);
  });

  it.each([
    ["as it should be", reply(), true],
    ["with another identifier", reply({ id: 98 }), false],
    ["to another name", reply({ questions: [{ type: "A", name: "evil.example" }] }), false],
    ["to another type", reply({ questions: [{ type: "AAAA", name: "web.example" }] }), false],
    ["that is a question", reply({ type: "query" }), false],
    ["without a question", reply({ questions: [] }), false],
    ["of a few bytes", Buffer.from([0, 99, 0x80, 0]), false],
  ])("%s", (_, response, isAnswer) => {
    expect(answers(forwarded, asked.question, response)).toBe(isAnswer);
  });

  it("becomes the client's: its identifier, its spelling, its size", () => {
    expect(dns.decode(readdress(Buffer.from(reply()), asked, 512))).toMatchObject({
      id: 7,
      questions: [{ name: "Web.Example" }],
      answers: [{ data: "192.0.2.1" }],
    });
    const long = reply({
      answers: Array.from({ length: 60 }, () => ({ type: "A" as const, name: "web.example", ttl: 60, data: "192.0.2.1" })),
    });
    const cut = readdress(Buffer.from(long), asked, 512);
    expect(dns.decode(cut)).toMatchObject({ id: 7, flag_tc: true, answers: [], additionals: [{ type: "OPT" }] });
  });
});
