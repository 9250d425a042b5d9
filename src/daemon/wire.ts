import { apiRoutes } from "#api/routes/index.ts";
import { systemRoutes } from "#api/routes/system/routes.ts";
import { createApi } from "#api/server.ts";
import type { ContainersConfig, DaemonConfig } from "#config/daemon-config.ts";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import { EventStore } from "#events/event-store.ts";
import { Journal } from "#events/journal.ts";
import type { Logger } from "#lib/logger.ts";
import { findInit } from "#runtime/oci/init-binary.ts";
import { checkLogConfig } from "#logs/config/drivers.ts";
import { serverVersion } from "#spec/identity.ts";
import { currentBootId } from "#store/snapshots/boot-id.ts";
import { describeHost } from "#sys/host/host-description.ts";
import { readHostFacts } from "#sys/host/host-facts.ts";
import { hasHungUp } from "#sys/sockets/hang-up.ts";
import { NetworkWorker } from "#sys/netns/network-worker.ts";
import { noteBoot } from "./boot.ts";
import type { Engine } from "./engine.ts";
import { engineId } from "./roots/engine-id.ts";
import type { LiveConfig } from "./live-config.ts";
import { ensureProfile } from "./wire/apparmor.ts";
import { openMetrics, serveEngineMetrics } from "./wire/metrics.ts";
import { wireNouns, type Nouns } from "./wire/nouns.ts";
import { wireRuntime } from "./wire/runtime.ts";
import { openState } from "./wire/state.ts";
import { reloadEvent } from "./wire/reload-event.ts";
import { wireSystem } from "./wire/system.ts";

/** Events that are kept for `since`. */
const MOST_EVENTS = 10_000;
/** What answers that are under way get to end by themselves when the daemon stops. */
const CLOSE_GRACE_MS = 5000;

/**
 * Builds the engine: the one place that constructs services and hands them to each other.
 *
 * @param bootId of this start of the host.
 * @throws EngineError when the state cannot be opened, or the host lacks what the engine stands on.
 */
export async function wire(config: LiveConfig, logger: Logger, bootId: string = currentBootId()): Promise<Engine> {
  const { instance, api: apiConfig } = config.current;
  checkLogDefaults(config.current.containers);
  await noteBoot(instance, bootId, logger);
  // What is done by other processes and threads goes first: it takes as long as all the rest.
  const networkWorker = new NetworkWorker();
  networkWorker.start();
  const runtime = wireRuntime(config.current, logger);
  runtime.catch(() => {}); // wireNouns sees it, unless something else fails before.
  const database = await openState(instance.dataRoot, logger);
  const events = new Journal({
    store: new EventStore({ database }, { most: MOST_EVENTS }),
    logger: logger.child({ part: "events" }),
    now: () => BigInt(Date.now()) * 1_000_000n,
  });
  const [host, description, id] = [readHostFacts(), describeHost(), await engineId(instance.dataRoot)];
  const metrics = await openMetrics(config.current);
  const initPath = findInit(config.current.containers.initPath);
  const apparmorProfile = await ensureProfile(instance.execRoot, host.apparmor, logger);
  const parts = { config, logger, database, events, host, description, runtime, networkWorker, initPath, apparmorProfile, bootId, metrics };
  const nouns = await wireNouns(parts);
  const system = systemRoutes(wireSystem({ config, events, engineId: id, host, description, nouns, initPath, apparmorProfile }));
  const closeMetrics = await serveEngineMetrics(metrics, {
    config: config.current,
    events,
    engineId: id,
    host,
    description,
    nouns,
    logger,
  });
  const closeImages = await serveStock(config.current, nouns, logger);
  const api = createApi(
    { routes: apiRoutes([system, nouns.routes]), logger: logger.child({ part: "api" }), hasHungUp },
    { engineVersion: serverVersion, minVersion: apiConfig.minVersion },
  );
  return {
    serve: (listener) => api.serve(listener),
    reloaded: () => events.emit(reloadEvent(id, description.hostname, config.current)),
    clear: () => nouns.clear(),
    async close() {
      closeMetrics();
      await closeImages();
      await api.close(CLOSE_GRACE_MS);
      await nouns.close();
      events.flush();
      database.close();
    },
  };
}

/** To whoever the configuration lets pull. Few daemons do, and the others do not load a registry. */
async function serveStock({ registry }: DaemonConfig, { stock }: Pick<Nouns, "stock">, logger: Logger): Promise<() => Promise<void>> {
  if (registry === undefined) return async () => {};
  const { serveImages } = await import("./registry/serve-images.ts");
  const served = await serveImages(registry, stock, logger.child({ part: "registry" }));
  return () => served.close();
}

/** @throws EngineError with Docker's text for a driver or an option that there is not. */
function checkLogDefaults({ logDriver, logOptions }: ContainersConfig): void {
  try {
    checkLogConfig({ driver: logDriver, options: logOptions });
  } catch (cause) {
    throw new EngineError("invalid", `failed to set log opts: ${messageOf(cause)}`, { cause });
  }
}
