import { describe, expect, it } from "vitest";
import type { HostSurvey } from "#sys/netns/host-network.ts";
import { formatSubnet, parseSubnet, type Subnet } from "./ip.ts";
import { candidates, chooseSubnet, DEFAULT_BRIDGE_POOLS, NETWORK_POOLS, takenSubnets, uniqueLocalPool } from "./subnet-choice.ts";

function subnetOf(text: string): Subnet {
  const subnet = parseSubnet(text);
  if (subnet === undefined) throw new Error(text);
  return subnet;
}

const choose = (pools: { base: string; size: number }[], taken: string[], random?: () => number): string | undefined => {
  const subnet = chooseSubnet(pools, taken.map(subnetOf), { random });
  return subnet === undefined ? undefined : formatSubnet(subnet);
};

const survey: HostSurvey = {
  forwarding: true,
  ipv6: true,
  links: [
    { index: 2, name: "eth0", up: true, mtu: 1500, mac: undefined, master: undefined, kind: undefined },
    { index: 3, name: "dhow0", up: true, mtu: 1500, mac: undefined, master: undefined, kind: "bridge" },
  ],
  addresses: [
    { index: 2, address: "192.0.2.7", prefixLength: 24 },
    { index: 3, address: "172.17.0.1", prefixLength: 16 },
  ],
  routes: [
    { destination: "0.0.0.0", prefixLength: 0, index: 2 },
    { destination: "0.0.0.0", prefixLength: 1, index: 9 },
    { destination: "10.0.0.0", prefixLength: 8, index: 2 },
    { destination: "172.17.0.0", prefixLength: 16, index: 3 },
    { destination: "172.31.0.0", prefixLength: 16, index: undefined },
  ],
};

describe("chooseSubnet", () => {
  it("takes the first of the pools that touches nothing in use", () => {
    expect(choose([{ base: "10.0.0.0/8", size: 16 }], [])).toBe("10.0.0.0/16");
    expect(choose([{ base: "10.0.0.0/8", size: 16 }], ["10.0.4.0/24", "10.1.0.0/20"])).toBe("10.2.0.0/16");
    expect(
      choose(
        [
          { base: "10.0.0.0/24", size: 24 },
          { base: "10.9.0.0/16", size: 24 },
        ],
        ["10.0.0.0/16"],
      ),
    ).toBe("10.9.0.0/24");
  });

  it("finds nothing when all is in use", () => {
    expect(choose([{ base: "10.0.0.0/15", size: 16 }], ["10.0.0.0/8"])).toBeUndefined();
  });

  it("chooses of pools of both families those of the one that is asked for", () => {
    const pools = [
      { base: "10.0.0.0/16", size: 24 },
      { base: "fd00:1::/48", size: 64 },
    ];
    const ipv6 = (taken: string[], random?: () => number) => chooseSubnet(pools, taken.map(subnetOf), { family: 6, random });
    expect(ipv6([])).toEqual(subnetOf("fd00:1::/64"));
    expect(ipv6(["fd00:1::/63", "10.0.0.0/8"])).toEqual(subnetOf("fd00:1:0:2::/64"));
    expect(ipv6([], () => 0.5)).toEqual(subnetOf("fd00:1:0:8000::/64"));
    expect(ipv6(["fd00::/8"])).toBeUndefined();
  });

  it("has unique local addresses of the host's and the instance's own, the same each time", () => {
    const pool = uniqueLocalPool("some-id\n", "dhow");
    expect(pool).toEqual(uniqueLocalPool("some-id", "dhow"));
    expect(pool.base).toMatch(/^fd[0-9a-f]{2}:[0-9a-f]{4}:[0-9a-f]{4}::\/48$/);
    expect(new Set([pool, uniqueLocalPool("other-id", "dhow"), uniqueLocalPool("some-id", "dhow-2")].map(({ base }) => base)).size).toBe(3);
  });

  it("takes any free one after two daemons met on the first", () => {
    const pools = [{ base: "10.0.0.0/14", size: 16 }];
    expect(choose(pools, ["10.1.0.0/16"], () => 0)).toBe("10.0.0.0/16");
    expect(choose(pools, ["10.1.0.0/16"], () => 0.5)).toBe("10.2.0.0/16");
    expect(choose(pools, ["10.1.0.0/16"], () => 0.99)).toBe("10.3.0.0/16");
  });

  it("leaves out pools that make no sense", () => {
    expect([
      ...candidates([
        { base: "10.0.0.0/24", size: 16 },
        { base: "nonsense", size: 24 },
        { base: "10.0.0.0/24", size: 33 },
      ]),
    ]).toEqual([]);
  });

  it("has Docker's own subnet for the default bridge where it is free, and thousands for the others", () => {
    expect(choose([...DEFAULT_BRIDGE_POOLS], [])).toBe("172.17.0.0/16");
    expect(choose([...DEFAULT_BRIDGE_POOLS], ["172.17.0.0/16"])).toBe("172.18.0.0/16");
    expect([...candidates(NETWORK_POOLS)].length).toBeGreaterThan(20_000);
  });
});

describe("takenSubnets", () => {
  it("counts routes and addresses, but neither the default route nor halves of it", () => {
    expect(takenSubnets(survey).map(formatSubnet)).toEqual([
      "10.0.0.0/8",
      "172.17.0.0/16",
      "172.31.0.0/16",
      "192.0.2.0/24",
      "172.17.0.0/16",
    ]);
  });

  it("leaves the bridge in question out", () => {
    expect(takenSubnets(survey, "dhow0").map(formatSubnet)).toEqual(["10.0.0.0/8", "172.31.0.0/16", "192.0.2.0/24"]);
    expect(takenSubnets(survey, "nosuch0").length).toBe(5);
  });
});
