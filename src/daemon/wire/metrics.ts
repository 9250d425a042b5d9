import type { CommitBackend } from "#api/routes/commit/backend.ts";
import type { ImageBackend } from "#api/routes/image/backend.ts";
import type { NetworkProvider } from "#container/ports.ts";
import type { EngineMetrics, MetricSources } from "#engine/metrics/engine-metrics.ts";
import type { Journal } from "#events/journal.ts";
import type { Logger } from "#lib/logger.ts";
import { serverVersion } from "#spec/identity.ts";
import type { HostDescription } from "#sys/host/host-description.ts";
import type { HostReading } from "#sys/host/host-facts.ts";
import type { DaemonConfig } from "#config/daemon-config.ts";
import { isLoopback } from "#config/values/host-address.ts";
import type { Nouns } from "./nouns.ts";

/** Nothing of it is loaded, and nothing is measured, in a daemon without `metrics-addr`. */
export async function openMetrics({ metrics }: DaemonConfig): Promise<EngineMetrics | undefined> {
  if (metrics === undefined) return undefined;
  const { EngineMetrics: Metrics } = await import("#engine/metrics/engine-metrics.ts");
  return new Metrics();
}

export function timedNetworks<T extends NetworkProvider>(networks: T, metrics: EngineMetrics | undefined): T {
  if (metrics === undefined) return networks;
  const { networkActions } = metrics;
  return {
    ...networks,
    prepare: async (request) => await networkActions.time("allocate", async () => await networks.prepare(request)),
    connect: async (id) => await networkActions.time("connect", async () => await networks.connect(id)),
    release: async (id) => await networkActions.time("release", async () => await networks.release(id)),
  } satisfies T;
}

export function timedCommits(backend: CommitBackend, metrics: EngineMetrics | undefined): CommitBackend {
  if (metrics === undefined) return backend;
  return { commit: async (...input) => await metrics.containerActions.time("commit", async () => await backend.commit(...input)) };
}

export function timedImages(backend: ImageBackend, metrics: EngineMetrics | undefined): ImageBackend {
  if (metrics === undefined) return backend;
  const { imageActions } = metrics;
  return {
    ...backend,
    remove: async (input) => await imageActions.time("delete", async () => await backend.remove(input)),
    pull: async (input, progress, signal) => await imageActions.time("pull", async () => await backend.pull(input, progress, signal)),
  };
}

interface MetricsParts {
  readonly config: DaemonConfig;
  readonly events: Journal;
  readonly engineId: string;
  readonly host: HostReading;
  readonly description: HostDescription;
  readonly nouns: Pick<Nouns, "info" | "healthChecks">;
  readonly logger: Logger;
}

/** Serves them. Returns what ends it. @throws EngineError when the address cannot be had. */
export async function serveEngineMetrics(metrics: EngineMetrics | undefined, parts: MetricsParts): Promise<() => void> {
  const { metrics: address } = parts.config;
  if (metrics === undefined || address === undefined) return () => {};
  const { serveMetrics } = await import("../listening/metrics-server.ts");
  const { events, nouns, logger, host } = parts;
  const sources: MetricSources = {
    containers: () => nouns.info.containers(),
    healthChecks: () => nouns.healthChecks(),
    events: () => events,
  };
  const facts = { cpus: host.cpus, memoryBytes: host.memoryBytes, info: infoLabels(parts) };
  const server = await serveMetrics(address, () => metrics.text(sources, facts));
  logger.info({}, `metrics listen on ${server.address}`);
  if (!isLoopback(address.host)) logger.warn({ address: server.address }, "everybody who can reach this address can read the metrics");
  return () => server.close();
}

function infoLabels({ description, engineId, nouns }: MetricsParts): Record<string, string> {
  return {
    architecture: description.machine,
    commit: "",
    daemon_id: engineId,
    graphdriver: nouns.info.storage().driver,
    kernel: description.kernelVersion,
    os: description.operatingSystem,
    os_type: "linux",
    os_version: description.operatingSystemVersion,
    version: serverVersion,
  };
}
