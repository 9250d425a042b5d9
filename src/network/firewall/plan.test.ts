import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { planPublish, planRemoval, planTable, planWithdraw, type Publication, type RuleSet } from "./plan.ts";

const masqueraded = (...subnets: string[]) => subnets.map((subnet) => ({ subnet, source: "masquerade" }));
const own = (...subnets: string[]) => subnets.map((subnet) => ({ subnet, source: "own" }));
const bridge = { bridge: "dhow0", subnets: masqueraded("172.17.0.0/16"), internal: false };
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
      { bridge: "dabcdb01234567", subnets: own("172.16.0.0/24"), internal: false },
      { bridge: "dabcdb89abcdef", subnets: masqueraded("172.16.1.0/24"), internal: true },
      { bridge: "dabcdb00000000", subnets: masqueraded("172.16.2.0/24", "172.16.3.0/24"), internal: false },
    ],
    publications: [],
  },
  ipv6: {
    table: "dhow",
    bridges: [
      { ...bridge, subnets: masqueraded("172.17.0.0/16", "fd00:1::/64") },
      { bridge: "dabcdb01234567", subnets: own("172.16.0.0/24", "fd00:1:0:1::/64"), internal: false, open: [6] },
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
        subnets: [{ subnet: "172.16.0.0/24", source: "192.0.2.7" }],
        internal: false,
        open: [4],
        trustedInterfaces: ["vpn0", "lan0"],
      },
      { bridge: "dabcdb89abcdef", subnets: own("172.16.1.0/24", "2001:db8::/64"), internal: false, routed: [4, 6] },
    ],
    publications: [
      publish({ hostPort: 0, address: "172.16.1.2" }),
      publish({ hostIp: "::", hostPort: 0, address: "2001:db8::2", protocol: "udp", port: 53 }),
    ],
  },
};

const detour = { outName: "dabcdx0", backName: "dabcdx1" };
cases["detour"] = {
  table: "dhow",
  detour,
  bridges: [bridge],
  publications: [publish({}), publish({ hostIp: "192.0.2.2", protocol: "udp" }), publish({ hostIp: "::", address: "fd00:1::2" })],
};

describe("planTable", () => {
  it.each(Object.entries(cases))("%s", async (name, rules) => {
    await expect(planTable(rules)).toMatchFileSnapshot(join(import.meta.dirname, "..", "testdata", `${name}.nft`));
  });
});

describe("changes", () => {
  it("touch elements alone", () => {
    const publications = [publish({}), publish({ hostIp: "127.0.0.1", protocol: "udp" }), publish({ hostPort: 8081 })];
    expect(planPublish({ table: "dhow" }, publications)).toBe(
      "add element inet dhow everywhere { tcp . 8080 : 172.17.0.2 . 80, tcp . 8081 : 172.17.0.2 . 80 }\n" +
        "add element inet dhow somewhere { 127.0.0.1 . udp . 8080 : 172.17.0.2 . 80 }\n",
    );
    expect(planWithdraw({ table: "dhow" }, [publish({})])).toBe("delete element inet dhow everywhere { tcp . 8080 : 172.17.0.2 . 80 }\n");
    expect(planPublish({ table: "dhow" }, [])).toBe("");
  });

  it("tell those that let the host's own rules decide, too", () => {
    expect(planPublish({ table: "dhow", detour }, [publish({})])).toBe(
      "add element inet dhow everywhere { tcp . 8080 : 172.17.0.2 . 80 }\nadd element ip dhow everywhere { tcp . 8080 }\n",
    );
    expect(planWithdraw({ table: "dhow", detour }, [publish({ hostIp: "2001:db8::1", address: "fd00:1::2" })])).toBe(
      "delete element inet dhow somewhere6 { 2001:db8::1 . tcp . 8080 : fd00:1::2 . 80 }\n" +
        "delete element ip6 dhow somewhere { 2001:db8::1 . tcp . 8080 }\n",
    );
  });

  it("remove a table that may not be there", () => {
    const commands = ["inet", "ip", "ip6"].flatMap((family) => [`add table ${family} dhow\n`, `delete table ${family} dhow\n`]);
    expect(planRemoval("dhow")).toBe(commands.join(""));
  });
});
