import { describe, expect, it } from "vitest";
import { planLegacy } from "./legacy-iptables.ts";

const COMMENT = "instance dhow";
const rule = (direction: string, bridge: string) => [direction, bridge, "-m", "comment", "--comment", COMMENT, "-j", "ACCEPT"];
const listed = (direction: string, bridge: string) => `-A FORWARD ${direction} ${bridge} -m comment --comment "${COMMENT}" -j ACCEPT`;

describe("planLegacy", () => {
  it.each([
    ["a policy", "-P FORWARD DROP\n"],
    ["a last rule", "-P FORWARD ACCEPT\n-A FORWARD -i eth0 -j ACCEPT\n-A FORWARD -j REJECT --reject-with icmp-port-unreachable\n"],
  ])("opens a chain that drops by %s", (_what, listing) => {
    expect(planLegacy(listing, ["dhow0"], COMMENT)).toEqual([
      ["-I", "FORWARD", ...rule("-i", "dhow0")],
      ["-I", "FORWARD", ...rule("-o", "dhow0")],
    ]);
  });

  it("leaves one that lets pass alone, and takes its rules out of it", () => {
    expect(planLegacy("-P FORWARD ACCEPT\n-A FORWARD -i eth0 -j DROP\n", ["dhow0"], COMMENT)).toEqual([]);
    expect(planLegacy(`-P FORWARD ACCEPT\n${listed("-i", "dhow0")}\n`, ["dhow0"], COMMENT)).toEqual([
      ["-D", "FORWARD", ...rule("-i", "dhow0")],
    ]);
  });

  it("adds what is missing and takes away what is stale, of its own instance", () => {
    const other = '-A FORWARD -i other0 -m comment --comment "instance other" -j ACCEPT';
    const listing = ["-P FORWARD DROP", listed("-i", "dhow0"), listed("-o", "gone0"), other].join("\n");
    expect(planLegacy(listing, ["dhow0"], COMMENT)).toEqual([
      ["-I", "FORWARD", ...rule("-o", "dhow0")],
      ["-D", "FORWARD", ...rule("-o", "gone0")],
    ]);
  });
});
