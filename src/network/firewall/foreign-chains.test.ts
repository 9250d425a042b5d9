import { describe, expect, it } from "vitest";
import { type ForeignChain, forwardChains, planForeign, readChain } from "./foreign-chains.ts";

const COMMENT = "instance dhow";
const chainEntry = (wishes: object) => ({
  chain: {
    family: "ip",
    table: "filter",
    name: "FORWARD",
    handle: 1,
    type: "filter",
    hook: "forward",
    prio: 0,
    policy: "accept",
    ...wishes,
  },
});
const match = (key: string, right: unknown) => ({ match: { op: "==", left: { meta: { key } }, right } });
const rule = (expr: object[], wishes: object = {}) => ({
  rule: { family: "ip", table: "filter", chain: "FORWARD", handle: 7, expr, ...wishes },
});
const counter = { counter: { packets: 0, bytes: 0 } };

describe("forwardChains", () => {
  it("finds the chains that forwarded packets pass, but not our own", () => {
    const listing = [
      { metainfo: {} },
      chainEntry({}),
      chainEntry({ family: "inet", table: "firewalld", name: "filter_FORWARD" }),
      chainEntry({ family: "inet", table: "dhow", name: "forward" }),
      chainEntry({ family: "ip6" }),
      chainEntry({ family: "bridge" }),
      chainEntry({ hook: "input", name: "INPUT" }),
      chainEntry({ hook: undefined, name: "DOCKER" }),
    ];
    expect(forwardChains(listing, "dhow")).toEqual([
      { family: "ip", table: "filter", name: "FORWARD" },
      { family: "inet", table: "firewalld", name: "filter_FORWARD" },
      { family: "ip6", table: "filter", name: "FORWARD" },
    ]);
  });
});

describe("readChain", () => {
  it.each([
    ["by its policy", [chainEntry({ policy: "drop" })], true],
    ["by its last rule", [chainEntry({}), rule([counter, { reject: { type: "icmpx" } }])], true],
    ["by a rule that logs first", [chainEntry({}), rule([{ log: null }, { drop: null }])], true],
    ["not by a rule with a condition", [chainEntry({}), rule([match("iifname", "eth0"), { drop: null }])], false],
    ["not when all may pass", [chainEntry({}), rule([counter, { accept: null }])], false],
  ])("sees what drops: %s", (_name, listing, drops) => {
    expect(readChain(listing, COMMENT)?.drops).toBe(drops);
  });

  it("knows its own rules by their comment", () => {
    const own = rule([match("iifname", "dhow0"), counter, { accept: null }], { comment: COMMENT, handle: 9 });
    const another = rule([match("iifname", "other0"), counter, { accept: null }], { comment: "instance other" });
    expect(readChain([chainEntry({}), own, another], COMMENT)?.marked).toEqual([{ handle: 9, direction: "iifname", bridge: "dhow0" }]);
  });

  it("has nothing to say about a chain that went away", () => {
    expect(readChain([], COMMENT)).toBeUndefined();
  });
});

describe("planForeign", () => {
  const chain: ForeignChain = { family: "ip", table: "filter", name: "FORWARD", drops: true, marked: [] };

  it("opens a chain that drops for each direction of each bridge", () => {
    expect(planForeign([chain], [{ bridge: "dhow0", ipv6: false }], COMMENT)).toBe(
      'insert rule ip filter FORWARD iifname "dhow0" counter accept comment "instance dhow"\n' +
        'insert rule ip filter FORWARD oifname "dhow0" counter accept comment "instance dhow"\n',
    );
  });

  it("leaves a chain that lets pass alone, and takes its rules out of it", () => {
    expect(planForeign([{ ...chain, drops: false }], [{ bridge: "dhow0", ipv6: false }], COMMENT)).toBe("");
    const marked = [{ handle: 4, direction: "iifname", bridge: "dhow0" }];
    expect(planForeign([{ ...chain, drops: false, marked }], [{ bridge: "dhow0", ipv6: false }], COMMENT)).toBe(
      "delete rule ip filter FORWARD handle 4\n",
    );
  });

  it("adds what is missing and takes away what is stale", () => {
    const marked = [
      { handle: 4, direction: "iifname", bridge: "dhow0" },
      { handle: 5, direction: "oifname", bridge: "dhow0" },
      { handle: 6, direction: "oifname", bridge: "gone0" },
    ];
    expect(planForeign([{ ...chain, marked }], [{ bridge: "dhow0", ipv6: false }], COMMENT)).toBe(
      "delete rule ip filter FORWARD handle 6\n",
    );
    expect(planForeign([{ ...chain, marked }], [], COMMENT)).toBe(
      [4, 5, 6].map((handle) => `delete rule ip filter FORWARD handle ${handle}\n`).join(""),
    );
  });
});
