import { readdirSync } from "node:fs";
import { family, Timings, type Labels } from "#lib/exposition.ts";

/** What is read at each scrape; every answer is a number that is at hand. */
export interface MetricSources {
  containers(): { readonly running: number; readonly paused: number; readonly stopped: number };
  healthChecks(): { readonly checks: number; readonly failed: number };
  events(): { readonly emitted: number; readonly listeners: number };
}

export interface MetricFacts {
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Of `engine_daemon_engine_info`, by moby's names. */
  readonly info: Labels;
}

/** moby's metrics under moby's names (daemon/internal/metrics), and those of the process under its client library's. */
export class EngineMetrics {
  readonly containerActions = new Timings(
    "engine_daemon_container_actions_seconds",
    "The number of seconds it takes to process each container action",
    "action",
    ["changes", "commit", "create", "delete", "start"],
  );
  readonly imageActions = new Timings(
    "engine_daemon_image_actions_seconds",
    "The number of seconds it takes to process each image action",
    "action",
  );
  readonly networkActions = new Timings(
    "engine_daemon_network_actions_seconds",
    "The number of seconds it takes to process each network action",
    "action",
  );

  /** One scrape. */
  text(sources: MetricSources, facts: MetricFacts): string {
    return `${[this.containerActions.text(), ...stateFamilies(sources), ...factFamilies(facts), this.imageActions.text(), this.networkActions.text(), ...processFamilies()].join("\n")}\n`;
  }
}

function stateFamilies(sources: MetricSources): string[] {
  const { running, paused, stopped } = sources.containers();
  const { checks, failed } = sources.healthChecks();
  const { emitted, listeners } = sources.events();
  const states = Object.entries({ paused, running, stopped }).map(([state, value]) => ({ labels: { state }, value }));
  return [
    family("engine_daemon_container_states_containers", "gauge", "The count of containers in various states", states),
    family("engine_daemon_events_total", "counter", "The number of events logged", [{ value: emitted }]),
    family("engine_daemon_events_subscribers_total", "gauge", "The number of current subscribers to events", [{ value: listeners }]),
    family("engine_daemon_health_checks_total", "counter", "The total number of health checks", [{ value: checks }]),
    family("engine_daemon_health_checks_failed_total", "counter", "The total number of failed health checks", [{ value: failed }]),
  ];
}

function factFamilies({ cpus, memoryBytes, info }: MetricFacts): string[] {
  const infoHelp = "The information related to the engine and the OS it is running on";
  return [
    family("engine_daemon_engine_cpus_cpus", "gauge", "The number of cpus that the host system of the engine has", [{ value: cpus }]),
    family("engine_daemon_engine_info", "gauge", infoHelp, [{ labels: info, value: 1 }]),
    family("engine_daemon_engine_memory_bytes", "gauge", "The number of bytes of memory that the host system of the engine has", [
      { value: memoryBytes },
    ]),
  ];
}

function processFamilies(): string[] {
  const { user, system } = process.cpuUsage();
  const startedAt = Date.now() / 1000 - process.uptime();
  return [
    family("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.", [{ value: (user + system) / 1e6 }]),
    family("process_open_fds", "gauge", "Number of open file descriptors.", [{ value: readdirSync("/proc/self/fd").length }]),
    family("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", [{ value: process.memoryUsage.rss() }]),
    family("process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.", [{ value: startedAt }]),
  ];
}
