import { expect, test } from "vitest";
import { eventFilterKeys } from "#spec/filters/event.ts";
import { parseFilters } from "#spec/filters/filters.ts";
import type { EngineEvent } from "./contract.ts";
import { matchesEvent } from "./filter.ts";

const id = "abc123";
const start: EngineEvent = {
  type: "container",
  action: "start",
  id,
  attributes: { name: "web", image: "nginx:1", tier: "front" },
  timeNano: 1n,
};
const health: EngineEvent = { ...start, action: "health_status: healthy" };
const pull: EngineEvent = { type: "image", action: "pull", id: "host:5000/nginx:1", attributes: { name: "host:5000/nginx" }, timeNano: 1n };
const connect: EngineEvent = { type: "network", action: "connect", id: "net1", attributes: { name: "web", container: id }, timeNano: 1n };

test.each<[object, EngineEvent, boolean]>([
  [{}, start, true],
  [{ type: ["container"] }, start, true],
  [{ type: ["image", "container"] }, start, true],
  [{ type: ["image"] }, start, false],
  [{ event: ["start"] }, start, true],
  [{ event: ["star"] }, start, false],
  [{ event: ["health_status"] }, health, true],
  [{ event: ["health_status: healthy"] }, health, true],
  [{ event: ["health_status: unhealthy"] }, health, false],
  [{ container: ["abc"] }, start, true],
  [{ container: ["web"] }, start, true],
  [{ container: ["b"] }, start, false],
  [{ container: ["web"] }, connect, false],
  [{ network: ["web"] }, connect, true],
  [{ network: ["web"] }, start, false],
  [{ image: ["nginx:1"] }, start, true],
  [{ image: ["nginx"] }, start, true],
  [{ image: ["ngin"] }, start, false],
  [{ image: ["host:5000/nginx"] }, pull, true],
  [{ image: ["host:5000/nginx:1"] }, pull, true],
  [{ image: ["host"] }, pull, false],
  [{ label: ["tier"] }, start, true],
  [{ label: ["tier=front", "name=web"] }, start, true],
  [{ label: ["tier=back"] }, start, false],
  [{ scope: ["local"] }, start, true],
  [{ scope: ["swarm"] }, start, false],
  [{ service: ["x"] }, start, false],
  [{ type: ["container"], event: ["die"] }, start, false],
])("%j with %o is %s", (filters, event, wanted) => {
  expect(matchesEvent(parseFilters(JSON.stringify(filters), eventFilterKeys), event)).toBe(wanted);
});
