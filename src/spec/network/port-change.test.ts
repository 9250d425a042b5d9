import { expect, it } from "vitest";
import type { PortMap } from "../docker-api/types.ts";
import { changedBindings, isEmptyChange, type PortChange } from "./port-change.ts";

const now: PortMap = {
  "80/tcp": [
    { HostIp: "", HostPort: "8080" },
    { HostIp: "127.0.0.1", HostPort: "8081" },
  ],
  "53/udp": [{}],
};

it.each<[string, PortChange, PortMap]>([
  [
    "adds to what a port has",
    { Add: { "80/tcp": [{ HostPort: "9" }] } },
    { ...now, "80/tcp": [...(now["80/tcp"] ?? []), { HostPort: "9" }] },
  ],
  ["adds a port", { Add: { "443/tcp": [{ HostPort: "9" }] } }, { ...now, "443/tcp": [{ HostPort: "9" }] }],
  [
    "removes one binding",
    { Remove: { "80/tcp": [{ HostPort: "8080" }] } },
    { ...now, "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8081" }] },
  ],
  ["removes by an address", { Remove: { "80/tcp": [{ HostIp: "127.0.0.1" }] } }, { ...now, "80/tcp": [{ HostIp: "", HostPort: "8080" }] }],
  ["removes all of a port", { Remove: { "80/tcp": [{}] } }, { "53/udp": [{}] }],
  ["removes a binding whose port was left open", { Remove: { "53/udp": [{ HostPort: "32768" }] } }, { "80/tcp": now["80/tcp"] ?? [] }],
  [
    "removes before it adds",
    { Remove: { "80/tcp": [{ HostPort: "8081" }] }, Add: { "80/tcp": [{ HostPort: "8081" }] } },
    { ...now, "80/tcp": [{ HostIp: "", HostPort: "8080" }, { HostPort: "8081" }] },
  ],
])("%s", (_what, change, expected) => {
  expect(changedBindings(now, change)).toEqual(expected);
  expect(isEmptyChange(change)).toBe(false);
});

it("knows a change that is none", () => {
  expect(isEmptyChange({})).toBe(true);
  expect(isEmptyChange({ Add: {}, Remove: {} })).toBe(true);
});
