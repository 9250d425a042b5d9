import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { NetworkRate } from "#spec/network/rate.ts";
import type { NetworkService } from "../service.ts";
import { IsolatedHost, request } from "../testdata/isolated-host.ts";

let host: IsolatedHost;
let networks: NetworkService;

vi.setConfig({ testTimeout: 30_000 });

beforeAll(() => {
  host = new IsolatedHost();
});

beforeEach(async () => {
  networks = await host.service();
  await networks.restore(new Set());
});

afterEach(async () => {
  await networks.teardown();
  host.assertClean();
  host.reset();
});

afterAll(async () => await host.end());

const slow: NetworkRate = { in: { rate: 125_000, burst: 16_384 }, out: { rate: 250_000, burst: 32_768 } };

async function run(rate: NetworkRate | undefined): Promise<void> {
  await networks.prepare(request("c1", { rate }));
  await networks.connect("c1");
}

/** Rates of the token buckets there are, by kind of interface. */
function buckets(): string[] {
  const links = JSON.parse(host.run(host.host, "ip", "-j", "-d", "link")) as { ifname: string; linkinfo?: { info_kind: string } }[];
  const kindOf = (name: string): string => links.find(({ ifname }) => ifname === name)?.linkinfo?.info_kind ?? name;
  const queues = host.run(host.host, "tc", "qdisc", "show").matchAll(/^qdisc tbf \S+ dev (\S+) .* rate (\S+) burst (\S+)/gm);
  return [...queues].map(([, name = "", rate, burst]) => `${kindOf(name)} ${rate} ${burst}`).toSorted();
}

const ifbs = (): number =>
  host
    .run(host.host, "ip", "-br", "link", "show", "type", "ifb")
    .split("\n")
    .filter((line) => line.startsWith(host.instance.vethPrefix)).length;

test("limits what was made with a rate, changes it, and takes it away", async () => {
  await run(slow);
  expect(buckets()).toEqual(["ifb 2Mbit 32Kb", "veth 1Mbit 16Kb"]);
  await networks.limit("c1", { out: { rate: 1_250_000, burst: 65_536 } });
  expect(buckets()).toEqual(["ifb 10Mbit 64Kb"]);
  await networks.limit("c1", slow);
  expect(buckets()).toEqual(["ifb 2Mbit 32Kb", "veth 1Mbit 16Kb"]);
  await networks.limit("c1", undefined);
  expect([buckets(), ifbs()]).toEqual([[], 0]);
});

test("limits one that was made without", async () => {
  await run(undefined);
  expect(buckets()).toEqual([]);
  await networks.limit("c1", slow);
  expect(buckets()).toHaveLength(2);
  await networks.release("c1");
  await expect.poll(ifbs).toBe(0);
});

test("a new daemon finds the limit, and puts right what the old one left half done", async () => {
  await run(slow);
  const [name = ""] = host.run(host.host, "ip", "-br", "link", "show", "type", "ifb").split(" ");
  host.run(host.host, "tc", "qdisc", "del", "dev", name, "root");
  await networks.close();
  networks = await host.service();
  await networks.restore(new Set(["c1"]));
  expect(buckets()).toEqual(["ifb 2Mbit 32Kb", "veth 1Mbit 16Kb"]);
  expect(ifbs()).toBe(1);
});

test("one whose container ended meanwhile goes", async () => {
  await run(slow);
  await networks.close();
  networks = await host.service();
  await networks.restore(new Set());
  await expect.poll(ifbs).toBe(0);
});

test("a change that fails leaves the limits as they were", async () => {
  await run(slow);
  await expect(networks.limit("c1", { in: { rate: -1, burst: 1 } })).rejects.toThrow();
  expect(buckets()).toEqual(["ifb 2Mbit 32Kb", "veth 1Mbit 16Kb"]);
});
