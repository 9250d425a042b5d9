import * as dns from "dns-packet";
import { expect, it } from "vitest";
import { AnswerCache } from "./cache.ts";
import { type Attempt, Forwarder, type Forwarded } from "./forwarder.ts";
import { parseQuery, type Query } from "./message.ts";
import type { AskUpstream, Upstream } from "./upstream.ts";

const SERVFAIL = 2;
const REFUSED = 5;

function query(name = "web.example"): Query {
  const parsed = parseQuery(dns.encode({ type: "query", id: 7, flags: dns.RECURSION_DESIRED, questions: [{ type: "A", name }] }));
  if ("refusal" in parsed) throw new Error("refused");
  return parsed;
}

function answer(data: string, rcode = 0, name = "web.example"): Buffer {
  return dns.encode({
    type: "response",
    id: 1,
    flags: rcode,
    questions: [{ type: "A", name }],
    answers: [{ type: "A", name, ttl: 60, data }],
  });
}

const server = (address: string): Upstream => ({ address, namespace: undefined });
const [first, second, third] = [server("192.0.2.1"), server("192.0.2.2"), server("192.0.2.3")];

/** What each server does: answers, fails, or thinks until it is told. */
type Plan = Record<string, Buffer | Error | "silent">;

function forwarderOver(plan: Plan, options: ConstructorParameters<typeof Forwarder>[1] = {}) {
  const asked: string[] = [];
  const given: string[] = [];
  const ask: AskUpstream = async ({ address }, _, signal) => {
    asked.push(address);
    const outcome = plan[address] ?? "silent";
    await Promise.resolve();
    if (outcome instanceof Error) throw outcome;
    if (outcome !== "silent") return { packet: outcome, transport: "udp" };
    return await new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        given.push(address);
        reject(signal.reason as Error);
      });
    });
  };
  const forwarder = new Forwarder({ ask, cache: new AnswerCache() }, { hedgeMs: 15, deadlineMs: 150, ...options });
  return { forwarder, asked, given };
}

const addressesIn = ({ packet }: Pick<Forwarded, "packet">) =>
  dns.decode(packet ?? Buffer.alloc(0)).answers?.map((record) => (record as { data: unknown }).data);

it("asks the first server, and no other where it answers", async () => {
  const { forwarder, asked } = forwarderOver({ [first.address]: answer("10.1.1.1") });
  const forwarded = await forwarder.forward([first, second], query(), "c");
  expect(forwarded).toMatchObject({ source: "server", server: first });
  expect(addressesIn(forwarded)).toEqual(["10.1.1.1"]);
  expect(asked).toEqual([first.address]);
  expect(forwarder.waiting()).toBe(0);
});

it.each([
  ["fails to be reached", new Error("ECONNREFUSED")],
  ["has a failure of its own", answer("0.0.0.0", SERVFAIL)],
  ["refuses", answer("0.0.0.0", REFUSED)],
])("asks the next at once when one %s, and that one last from then on", async (_, outcome) => {
  const { forwarder, asked } = forwarderOver({ [first.address]: outcome, [second.address]: answer("10.2.2.2") }, { hedgeMs: 10_000 });
  const attempts: Attempt[] = [];
  const forwarded = await forwarder.forward([first, second, third], query(), "c", (attempt) => attempts.push(attempt));
  expect(addressesIn(forwarded)).toEqual(["10.2.2.2"]);
  expect(attempts.map(({ server: { address }, outcome: came }) => [address, came])).toEqual([
    [first.address, "failure"],
    [second.address, "answer"],
  ]);
  await forwarder.forward([first, second, third], query("other.example"), "c");
  expect(asked).toEqual([first.address, second.address, second.address]);
});

it("asks the next beside one that thinks for long, and lets go of it when there is an answer", async () => {
  const { forwarder, asked, given } = forwarderOver({ [second.address]: answer("10.2.2.2") });
  expect(addressesIn(await forwarder.forward([first, second], query(), "c"))).toEqual(["10.2.2.2"]);
  expect([asked, given]).toEqual([[first.address, second.address], [first.address]]);
});

it("gives up in time when nobody answers, with what a server said of its failure", async () => {
  const silent = forwarderOver({});
  const began = performance.now();
  expect(await silent.forwarder.forward([first, second], query(), "c")).toEqual({ packet: undefined, source: "nobody" });
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(silent.given.toSorted()).toEqual([first.address, second.address]);
  expect(await silent.forwarder.forward([], query(), "c")).toEqual({ packet: undefined, source: "nobody" });
  const failing = forwarderOver({ [first.address]: answer("0.0.0.0", REFUSED), [second.address]: new Error("ECONNREFUSED") });
  const forwarded = await failing.forwarder.forward([first, second], query(), "c");
  expect(dns.decode(forwarded.packet ?? Buffer.alloc(0))).toMatchObject({ rcode: "REFUSED" });
});

it("asks once for equal questions under way, so that a circle ends", async () => {
  const { forwarder, asked } = forwarderOver({ [second.address]: answer("10.2.2.2") });
  const both = await Promise.all([
    forwarder.forward([first, second], query(), "a"),
    forwarder.forward([first, second], query("WEB.example"), "b"),
  ]);
  expect(both.map(({ source }) => source)).toEqual(["server", "shared"]);
  expect(asked).toEqual([first.address, second.address]);
  both[0].packet?.fill(0);
  expect(addressesIn(both[1])).toEqual(["10.2.2.2"]);
});

it("keeps what it heard, apart for other servers and other wishes", async () => {
  const { forwarder } = forwarderOver({ [first.address]: answer("10.1.1.1") });
  await forwarder.forward([first], query(), "c");
  await new Promise(setImmediate);
  expect(forwarder.cached([first], query("WEB.EXAMPLE"))).toMatchObject({ source: "cache", ageSeconds: 0 });
  expect(forwarder.cached([first, second], query())).toBeUndefined();
  expect(forwarder.cached([{ ...first, namespace: "/run/x" }], query())).toBeUndefined();
  const opt = { type: "OPT", name: ".", udpPayloadSize: 1232, flags: dns.DNSSEC_OK, options: [] } as unknown as dns.OptAnswer;
  const secure = parseQuery(dns.encode({ type: "query", id: 1, questions: [{ type: "A", name: "web.example" }], additionals: [opt] }));
  expect(forwarder.cached([first], secure as Query)).toBeUndefined();
});

it("takes no more than so many of one container, and of all", async () => {
  const { forwarder, asked } = forwarderOver({}, { perClient: 2, inAll: 3, deadlineMs: 60 });
  const ask = (client: string, name: string) => forwarder.forward([first], query(name), client);
  const under = [ask("a", "a1"), ask("a", "a2")];
  expect(await ask("a", "a3")).toEqual({ packet: undefined, source: "limit" });
  under.push(ask("b", "b1"));
  expect(await ask("b", "b2")).toEqual({ packet: undefined, source: "limit" });
  expect([forwarder.waiting("a"), forwarder.waiting("b"), forwarder.waiting()]).toEqual([2, 1, 3]);
  await Promise.all(under);
  expect(asked).toHaveLength(3);
  expect([forwarder.waiting("a"), forwarder.waiting("b"), forwarder.waiting()]).toEqual([0, 0, 0]);
});
