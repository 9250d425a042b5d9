import { expect, test } from "vitest";
import { engineLabelsOf } from "../create/engine-labels.ts";
import { healthOnFailure, unhealthyDelay } from "./on-failure.ts";

test("the label decides, then the daemon", () => {
  expect(healthOnFailure({}, "none")).toBe("none");
  expect(healthOnFailure({}, "restart")).toBe("restart");
  expect(healthOnFailure({ "dhow.health.on-failure": "none" }, "restart")).toBe("none");
  expect(healthOnFailure({ "dhow.health.on-failure": "restart" }, "none")).toBe("restart");
  expect(() => healthOnFailure({ "dhow.health.on-failure": "reboot" }, "none")).toThrow(
    "invalid label dhow.health.on-failure=reboot: want none or restart",
  );
});

test("the engine acts on a create's own labels, as far as it knows them", () => {
  const Labels = { "dhow.health.on-failure": "restart", "com.docker.compose.service": "web", __proto__: "x", other: "y" };
  expect(engineLabelsOf({ Labels })).toEqual({ "dhow.health.on-failure": "restart", "com.docker.compose.service": "web" });
});

test("the first restart comes at once, the next ones later and later, until a run was long", () => {
  let delay: number | undefined;
  const delays = Array.from({ length: 8 }, () => (delay = unhealthyDelay(delay, 1000)));
  expect(delays).toEqual([0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  expect(unhealthyDelay(300_000, 600_000)).toBe(0);
});
