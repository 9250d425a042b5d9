import { expect, test } from "vitest";
import { EngineMetrics } from "./engine-metrics.ts";
import { family, Timings } from "#lib/exposition.ts";

const sources = {
  containers: () => ({ running: 3, paused: 1, stopped: 2 }),
  healthChecks: () => ({ checks: 7, failed: 2 }),
  events: () => ({ emitted: 40, listeners: 1 }),
};
const facts = { cpus: 4, memoryBytes: 8_000_000_000, info: { version: "28.5.2", os: "Debian" } };

test("moby's names, types and labels", () => {
  const metrics = new EngineMetrics();
  metrics.containerActions.observe("start", 0.03);
  const lines = metrics.text(sources, facts).split("\n");
  for (const line of [
    "# TYPE engine_daemon_container_actions_seconds histogram",
    'engine_daemon_container_actions_seconds_bucket{action="start",le="0.025"} 0',
    'engine_daemon_container_actions_seconds_bucket{action="start",le="0.05"} 1',
    'engine_daemon_container_actions_seconds_bucket{action="start",le="+Inf"} 1',
    'engine_daemon_container_actions_seconds_sum{action="start"} 0.03',
    'engine_daemon_container_actions_seconds_count{action="start"} 1',
    'engine_daemon_container_actions_seconds_count{action="create"} 0',
    "# TYPE engine_daemon_container_states_containers gauge",
    'engine_daemon_container_states_containers{state="paused"} 1',
    'engine_daemon_container_states_containers{state="running"} 3',
    'engine_daemon_container_states_containers{state="stopped"} 2',
    "engine_daemon_engine_cpus_cpus 4",
    'engine_daemon_engine_info{version="28.5.2",os="Debian"} 1',
    "engine_daemon_engine_memory_bytes 8000000000",
    "# TYPE engine_daemon_events_total counter",
    "engine_daemon_events_total 40",
    "engine_daemon_health_checks_total 7",
    "engine_daemon_health_checks_failed_total 2",
  ]) {
    expect(lines).toContain(line);
  }
  expect(
    lines.filter((line) => line !== "" && !/^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{(?:\w+="[^"]*",?)+\})? [\d.eE+-]+)$/.test(line)),
  ).toEqual([]);
});

test("what stands in a label cannot end it", () => {
  expect(family("x", "gauge", "a\nb", [{ labels: { name: 'a"b\\c\nd' }, value: 1 }])).toBe(
    ["# HELP x a\\nb", "# TYPE x gauge", 'x{name="a\\"b\\\\c\\nd"} 1'].join("\n"),
  );
});

test("a work that fails is not counted", async () => {
  const timings = new Timings("t", "help", "action");
  await expect(timings.time("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await timings.time("b", () => Promise.resolve(7))).toBe(7);
  expect(timings.text()).not.toContain('action="a"');
  expect(timings.text()).toContain('t_count{action="b"} 1');
});
