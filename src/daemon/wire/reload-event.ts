import type { DaemonConfig } from "#config/daemon-config.ts";
import type { EngineEvent } from "#events/contract.ts";

/** What a reload put into effect, under the names of daemon.json, as Docker's own event has it. */
export function reloadEvent(engineId: string, hostname: string, config: DaemonConfig): Omit<EngineEvent, "timeNano"> {
  const { labels, log, images, shutdown } = config;
  return {
    type: "daemon",
    action: "reload",
    id: engineId,
    attributes: {
      name: hostname,
      debug: String(log.level === "debug"),
      labels: JSON.stringify(labels),
      "live-restore": String(shutdown.liveRestore),
      "insecure-registries": JSON.stringify(images.insecureRegistries),
      "registry-mirrors": JSON.stringify(images.mirrors),
      "max-concurrent-downloads": String(images.maxConcurrentDownloads),
      "max-download-attempts": String(images.maxDownloadAttempts),
    },
  };
}
