import { expect, test } from "vitest";
import { buildConfig } from "./build-config.ts";
import { readEnvironment } from "./env.ts";
import type { Settings } from "./options.ts";
import { applyReload } from "./reload.ts";

const environment = readEnvironment({ HOME: "/root" }, 1);
const loaded = (settings: Settings): { settings: Settings; config: ReturnType<typeof buildConfig> } => ({
  settings,
  config: buildConfig(settings, environment),
});

test("takes what may change, keeps the rest and names it", () => {
  const before = loaded({ label: ["a=b"], debug: true, mtu: 1400, group: "x" });
  const now = loaded({ label: ["a=c"], mtu: 1300, group: "x", "log-level": "warn" });
  const { config, settings, waiting } = applyReload(before, now, environment);
  expect(waiting).toEqual(["mtu"]);
  expect(config).toMatchObject({ labels: ["a=c"], log: { level: "warn" }, network: { mtu: 1400 } });
  expect(settings).toEqual({ label: ["a=c"], mtu: 1400, group: "x", "log-level": "warn" });
});

test("nothing has changed", () => {
  const before = loaded({ label: ["a=b"] });
  expect(applyReload(before, loaded({ label: ["a=b"] }), environment)).toEqual({ ...before, waiting: [] });
});
