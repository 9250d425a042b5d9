import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { planPublish, planRemoval, planTable, planWithdraw, type Publication, type RuleSet } from "./plan.ts";

const bridge = { bridge: "dhow0", subnet: "172.17.0.0/16", masquerade: true, internal: false };
const publish = (wishes: Partial<Publication>): Publication => ({
  protocol: "tcp",
  hostIp: "0.0.0.0",
  hostPort: 8080,
  address: "172.17.0.2",
  port: 80,
  ...wishes,
});

const cases: Record<string, RuleSet> = {
  empty: { table: "dhow", bridges: [], publications: [] },
  "default-bridge": { table: "dhow", bridges: [bridge], publications: [] },
  published: {
    table: "dhow",
    bridges: [bridge],
    publications: [
      publish({}),
      publish({ hostIp: "127.0.0.1", hostPort: 18_080 }),
      publish({ protocol: "udp", hostIp: "192.0.2.2", hostPort: 53, port: 5353 }),
    ],
  },
  networks: {
    table: "dhow-t1",
    bridges: [
      { ...bridge, bridge: "dhow-t10" },
      { bridge: "dabcdb01234567", subnet: "172.16.0.0/24", masquerade: false, internal: false },
      { bridge: "dabcdb89abcdef", subnet: "172.16.1.0/24", masquerade: true, internal: true },
    ],
    publications: [],
  },
  ipv6: {
    table: "dhow",
    bridges: [
      { ...bridge, subnet6: "fd00:1::/64" },
      { bridge: "dabcdb01234567", subnet: "172.16.0.0/24", subnet6: "fd00:1:0:1::/64", masquerade: false, internal: false, open: [6] },
    ],
    publications: [
      publish({}),
      publish({ hostIp: "::", address: "fd00:1::2" }),
      publish({ hostIp: "::1", hostPort: 18_080, address: "fd00:1::2" }),
      publish({ protocol: "sctp", hostIp: "2001:db8::1", hostPort: 9, address: "fd00:1::2" }),
    ],
  },
  options: {
    table: "dhow",
    bridges: [
      { ...bridge, icc: false },
      {
        bridge: "dabcdb01234567",
        subnet: "172.16.0.0/24",
        masquerade: true,
        internal: false,
        open: [4],
        trustedInterfaces: ["vpn0", "lan0"],
      },
    ],
    publications: [],
  },
};

describe("planTable", () => {
  it.each(Object.entries(cases))("%s", async (name, rules) => {
    await expect(planTable(rules)).toMatchFileSnapshot(join(import.meta.dirname, "..", "testdata", `${name}.nft`));
  });
});

describe("changes", () => {
  it("touch elements alone", () => {
    const publications = [publish({}), publish({ hostIp: "127.0.0.1", protocol: "udp" }), publish({ hostPort: 8081 })];
    expect(planPublish("dhow", publications)).toBe(
      "add element inet dhow everywhere { tcp . 8080 : 172.17.0.2 . 80, tcp . 8081 : 172.17.0.2 . 80 }\n" +
        "add element inet dhow somewhere { 127.0.0.1 . udp . 8080 : 172.17.0.2 . 80 }\n",
    );
    expect(planWithdraw("dhow", [publish({})])).toBe("delete element inet dhow everywhere { tcp . 8080 : 172.17.0.2 . 80 }\n");
    expect(planPublish("dhow", [])).toBe("");
  });

  it("remove a table that may not be there", () => {
    expect(planRemoval("dhow")).toBe("add table inet dhow\ndelete table inet dhow\n");
  });
});
