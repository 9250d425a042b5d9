import { buildRoutes } from "#api/routes/build/routes.ts";
import { commitRoutes } from "#api/routes/commit/routes.ts";
import { containerRoutes } from "#api/routes/container/routes.ts";
import { execRoutes } from "#api/routes/exec/routes.ts";
import { imageRoutes } from "#api/routes/image/routes.ts";
import { networkRoutes } from "#api/routes/network/routes.ts";
import type { SystemBackend } from "#api/routes/system/backend.ts";
import { registryRoutes } from "#api/routes/registry/routes.ts";
import { volumeBackupRoutes } from "#api/routes/volume/backup-routes.ts";
import { volumeRoutes } from "#api/routes/volume/routes.ts";
import { CacheStore } from "#build/cache/cache-store.ts";
import type { ContainerService } from "#container/service.ts";
import type { DaemonConfig } from "#config/daemon-config.ts";
import { Committer } from "#engine/commit.ts";
import type { EngineMetrics } from "#engine/metrics/engine-metrics.ts";
import type { DiskUsageSources } from "#engine/disk-usage.ts";
import type { ImageService } from "#image/image-service.ts";
import type { InfoSources } from "#engine/info.ts";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { EventSink } from "#events/contract.ts";
import type { Route } from "#http/route.ts";
import { rootOf } from "#lib/id-mapping.ts";
import type { Logger } from "#lib/logger.ts";
import { FileLogKeeper } from "#logs/keep/log-keeper.ts";
import type { RuntimeFeatures } from "#runtime/contract.ts";
import type { OciRuntime } from "#runtime/oci/driver/driver.ts";
import type { Database } from "#store/db/database.ts";
import type { RemapOptions } from "#store/snapshots/driver.ts";
import type { HostDescription } from "#sys/host/host-description.ts";
import type { HostReading } from "#sys/host/host-facts.ts";
import type { NetworkWorker } from "#sys/netns/network-worker.ts";
import { closeFd } from "#sys/processes/pipe.ts";
import { openUserNamespace } from "#sys/mounts/user-namespace.ts";
import type { Volumes } from "#volume/volumes.ts";
import type { LiveConfig } from "../live-config.ts";
import type { ImageStock } from "../registry/image-repositories.ts";
import { onLeaseSignal } from "../signals.ts";
import { wireBuilder, type WiredBuilder } from "./builder.ts";
import { wireBackups } from "./backups.ts";
import { wireContainers } from "./containers.ts";
import { wireImages } from "./images.ts";
import { timedCommits, timedImages, timedNetworks } from "./metrics.ts";
import { wireNetworks } from "./networks.ts";
import { wireStores, type Stores } from "./stores.ts";
import { usageSources } from "./usage.ts";
import { wireVolumes } from "./volumes.ts";

/** What the nouns are built on. */
export interface NounParts {
  /** Ask `config.current` each time for what a reload may change. */
  readonly config: LiveConfig;
  readonly logger: Logger;
  readonly database: Database;
  readonly events: EventSink;
  readonly host: HostReading;
  readonly description: HostDescription;
  /** Still being opened. */
  readonly runtime: Promise<OciRuntime>;
  readonly networkWorker: NetworkWorker;
  /** Undefined where nobody asks for them. */
  readonly metrics: EngineMetrics | undefined;
  /** Of this start of the host. */
  readonly bootId: string;
  /** The init of this host; undefined where it has none. */
  readonly initPath: string | undefined;
  /** The AppArmor profile that is loaded for containers. */
  readonly apparmorProfile: string | undefined;
}

/** What the rest of the daemon sees of the nouns: containers, images, networks, volumes over the stores and the runtime. */
export interface Nouns {
  readonly routes: readonly Route[];
  readonly info: Pick<InfoSources, "containers" | "images" | "storage" | "volumeDrivers">;
  readonly usage: DiskUsageSources;
  /** What there is to serve to others. */
  readonly stock: ImageStock;
  readonly examine: SystemBackend["examine"];
  readonly runtime: Pick<RuntimeFeatures, "runtimes"> & { readonly monitor: RuntimeFeatures["monitor"] | undefined };
  clear(): Promise<void>;
  /** Since the daemon was started. */
  healthChecks(): { readonly checks: number; readonly failed: number };
  /** Ends what runs behind the answers, and takes away what no running container needs. */
  close(): Promise<void>;
}

/** The user namespace that remapped roots are seen through. @throws EngineError `not-implemented` where the host forbids it. */
async function openRemap({ userRemap }: DaemonConfig): Promise<RemapOptions | undefined> {
  if (userRemap === undefined) return undefined;
  try {
    return { root: rootOf(userRemap.mapping), userNamespace: await openUserNamespace(userRemap.mapping) };
  } catch (cause) {
    throw new EngineError("not-implemented", `userns-remap does not work on this host: ${messageOf(cause)}`, { cause });
  }
}

function infoSources(
  containers: ContainerService,
  { images }: ImageService,
  volumes: Volumes,
  snapshots: Stores["snapshots"],
): Nouns["info"] {
  return {
    containers: () => containers.counts(),
    images: () => images.count(),
    volumeDrivers: () => volumes.driverNames(),
    storage: () => ({ driver: snapshots.name, status: snapshots.status() }),
  };
}

interface TakingOver {
  readonly content: Pick<Stores["content"], "sweep">;
  readonly containers: Pick<ContainerService, "restore" | "accountedIds">;
  readonly volumes: Pick<Volumes, "restore">;
  readonly builder: Pick<WiredBuilder, "sweep">;
}

/** From the daemon before: what runs goes on, what was half done goes. */
async function takeOver({ content, containers, volumes, builder }: TakingOver): Promise<void> {
  await content.sweep();
  await containers.restore();
  await volumes.restore(containers.accountedIds());
  await builder.sweep();
}

/** Opens the stores and the runtime, builds the nouns on them, and takes over from the daemon before. */
export async function wireNouns(parts: NounParts): Promise<Nouns> {
  const { config, logger, database, events } = parts;
  const remap = await openRemap(config.current);
  const stores = wireStores(parts, remap);
  const { trees, snapshots, content, files } = stores;
  const [runtime, { networks, backend: networkBackend }] = await Promise.all([parts.runtime, wireNetworks(parts)]);
  const volumes = wireVolumes(parts, { trees, snapshots, remap, resolve: (reference) => images.resolve(reference) });
  // Images and containers ask each other: who uses this image, which image is this.
  const cache = new CacheStore({ database });
  const {
    images,
    backend: imageBackend,
    registryBackend,
    elsewhere,
    close: closeRegistry,
  } = wireImages(parts, stores, { usersOf: (id) => containers.usersOf(id) }, cache);
  const logKeeper = new FileLogKeeper({ logger: logger.child({ part: "logs" }), onLeaseSignal });
  const peers = { images, volumes, networks: timedNetworks(networks, parts.metrics) };
  const below = { logKeeper, trees, runtime, snapshots, files, onGone: () => void sweep() };
  const containers: ContainerService = wireContainers(parts, { ...peers, ...below });
  const sweep = (): Promise<void> =>
    images.sweepUnreferenced().catch((error: unknown) => logger.warn({ error: messageOf(error) }, "unused layers could not be removed"));

  const builder = wireBuilder(parts, stores, { images, containers, ...elsewhere, cache, remapped: remap !== undefined });

  await takeOver({ content, containers, volumes, builder });
  await sweep();
  return {
    routes: [
      ...containerRoutes(containers),
      ...execRoutes(containers),
      ...imageRoutes(timedImages(imageBackend, parts.metrics)),
      ...registryRoutes(registryBackend),
      ...commitRoutes(timedCommits(new Committer({ containers, images, snapshots, content, files, events }), parts.metrics)),
      ...buildRoutes(builder.backend),
      ...networkRoutes(networkBackend(containers.directory)),
      ...volumeRoutes(volumes),
      ...volumeBackupRoutes(wireBackups(parts, volumes, { files, containers, ...elsewhere })),
    ],
    examine: (options, signal) => images.examine(options, signal),
    stock: { images: images.images, content, compressor: stores.compressor, compressedLayers: images.compressedLayers },
    usage: usageSources(images, containers, volumes, builder),
    info: infoSources(containers, images, volumes, snapshots),
    runtime: runtime.features,
    async clear() {
      await containers.removeAll();
      await networks.prune(new Map(), undefined, new AbortController().signal);
    },
    healthChecks: () => containers.healthChecks(),
    async close() {
      await builder.close();
      if (!config.current.shutdown.liveRestore) await containers.stopAll(config.current.shutdown.timeout);
      await containers.close();
      await logKeeper.close();
      await volumes.close();
      const { running, paused } = containers.counts();
      // With the last container the host gets everything back; else the rules stay, and containers stay reachable.
      await (running + paused === 0 ? networks.teardown() : networks.close());
      closeRegistry();
      await Promise.all([parts.networkWorker[Symbol.asyncDispose](), runtime[Symbol.asyncDispose](), stores.close()]);
      if (remap !== undefined) closeFd(remap.userNamespace);
    },
  };
}
