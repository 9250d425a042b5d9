import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { BuildBackend } from "#api/routes/build/backend.ts";
import type { BuildService, BuildServiceDeps } from "#build/build-service.ts";
import type { CacheEntry } from "#build/cache/cache-entry.ts";
import type { CacheStore } from "#build/cache/cache-store.ts";
import type { BasePuller, BuildImages } from "#build/ports.ts";
import type { ContainerService } from "#container/service.ts";
import type { ImageService } from "#image/image-service.ts";
import type { NounParts } from "./nouns.ts";
import type { Stores } from "./stores.ts";

interface BuilderPeers {
  readonly images: ImageService;
  readonly containers: ContainerService;
  readonly puller: BasePuller;
  readonly cache: CacheStore;
  readonly openCache: BuildServiceDeps["openCache"];
  readonly remapped: boolean;
}

export interface WiredBuilder {
  readonly backend: BuildBackend;
  usage(): Promise<readonly CacheEntry[]>;
  /** At daemon start. Costs a look at a folder, unless a build was killed. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

/** The builder, which is loaded when the first build comes. */
export function wireBuilder(parts: NounParts, stores: Stores, peers: BuilderPeers): WiredBuilder {
  const root = join(parts.config.current.instance.dataRoot, "builds");
  let opened: Promise<BuildService> | undefined;
  const service = (): Promise<BuildService> => (opened ??= open(parts, stores, peers, root));
  return {
    backend: {
      build: async (input, sink, signal) => await (await service()).build(input, sink, signal),
      openSession: async (id) => (await service()).sessions.reserve(id),
      prune: async (options) => await (await service()).prune(options),
    },
    usage: async () => await (await service()).usage(),
    async sweep() {
      const jobs = join(root, "jobs");
      if (existsSync(jobs) && readdirSync(jobs).length > 0) await (await service()).sweep();
    },
    async close() {
      if (opened !== undefined) await (await opened).close();
    },
  };
}

async function open(parts: NounParts, stores: Stores, peers: BuilderPeers, root: string): Promise<BuildService> {
  const { openBuilder } = await import("./open-builder.ts");
  const { images, containers, ...others } = peers;
  const builtImages: BuildImages = {
    find: (reference, platform) => images.find(reference, platform),
    openAssembly: () => images.openAssembly(),
    async *archive(image, form, signal) {
      const { archiveUnrecorded } = await import("#image/save/save.ts");
      yield* archiveUnrecorded(stores, image, form, signal);
    },
    announce: (id, references) => images.announce(id, references),
    attestationsOf: (id) => images.images.attestations.of(id),
    needsLayer: (chainId) => images.images.needsLayer(chainId),
    collect: async (chainIds, blobs) => await images.collect(chainIds, blobs),
  };
  return openBuilder(
    {
      ...stores,
      ...others,
      images: builtImages,
      runner: containers.steps,
      database: parts.database,
      logger: parts.logger,
      policy: () => parts.config.current.builder,
    },
    root,
  );
}
