import type { ImageBackend } from "#api/routes/image/backend.ts";
import type { RegistryBackend } from "#api/routes/registry/backend.ts";
import { domainOf } from "#distribution/session/credential.ts";
import { defaultRetry } from "#distribution/transport/retry.ts";
import { createPullService } from "#distribution/pull/pull.ts";
import { refetch } from "#distribution/pull/refetch.ts";
import type { RegistryCache } from "#distribution/cache/registry-cache.ts";
import type { PushService } from "#distribution/push/push.ts";
import { Registries } from "#distribution/registries.ts";
import { createImageService } from "#image/image-service.ts";
import type { ContainerUse, LayerKeeper } from "#image/ports.ts";
import type { Logger } from "#lib/logger.ts";
import { dhowVersion } from "#spec/identity.ts";
import type { OpenRepository } from "#volume/ports.ts";
import type { LiveConfig } from "../live-config.ts";
import type { NounParts } from "./nouns.ts";
import { wireSignatures } from "./signatures.ts";
import type { Stores } from "./stores.ts";

/** Where the certificates of registries are looked for; the second is Docker's, whose users have theirs there. */
const CERTIFICATE_FOLDERS = ["/etc/dhow/certs.d", "/etc/docker/certs.d"];

type CacheAsked = Parameters<typeof RegistryCache.open> extends [unknown, ...infer Rest] ? Rest : never;

/** Images, and the registries they come from. */
export function wireImages(
  { config, database, events, logger }: Pick<NounParts, "config" | "database" | "events" | "logger">,
  { content, snapshots, unpacker, compressor }: Stores,
  containers: ContainerUse,
  keeper: LayerKeeper,
) {
  const images = createImageService({
    database,
    content,
    snapshots,
    unpacker,
    containers,
    keeper,
    events,
    logger: logger.child({ noun: "image" }),
    remote: { fetch: (...blob) => refetch(registries, ...blob) },
  });
  const distribution = { source: images, target: images, content, compressor, events, logger: logger.child({ part: "distribution" }) };
  const registries = openRegistries(config, distribution.logger);
  const { maxConcurrentDownloads: concurrentDownloads, maxConcurrentUploads: concurrentUploads } = config.current.images;
  const { gate, verdictOn } = wireSignatures(config);
  const pulls = createPullService({ ...distribution, registries, gate }, { concurrentDownloads });
  // What few daemons are asked for is loaded when they are.
  let pushes: Promise<PushService> | undefined;
  const openPushes = async (): Promise<PushService> =>
    (await import("#distribution/push/push.ts")).createPushService({ ...distribution, registries }, { concurrentUploads });
  const backend: ImageBackend = {
    list: (input) => images.list(input),
    inspect: (name, platform) => images.inspect(name, platform),
    history: (name, platform) => images.history(name, platform),
    attestations: async (input) => await images.attestations(input),
    tag: (input) => images.tag(input),
    remove: (input) => images.remove(input),
    prune: (filters, signal) => images.prune(filters, signal),
    save: (input, signal) => images.save(input, signal),
    load: (input, progress, signal) => images.load(input, progress, signal),
    import: (input, signal) => images.import(input, signal),
    pull: (input, progress, signal) => pulls.pull(input, progress, signal),
    push: async (input, progress, signal) => await (await (pushes ??= openPushes())).push(input, progress, signal),
  };
  const registryBackend: RegistryBackend = {
    login: async (auth, signal) => registries.login(domainOf(auth), auth.credential, signal),
    inspect: async (...asked) => (await import("#distribution/inquiry/inspect-remote.ts")).inspectRemote(registries, ...asked),
    verify: async (reference, auth, signal) =>
      (await import("#distribution/inquiry/verify-remote.ts")).verifyRemote(registries, reference, auth, verdictOn, signal),
    search: async (...asked) => (await import("#distribution/inquiry/search.ts")).searchRegistry(registries, ...asked),
  };
  const openRepository: OpenRepository = async (...asked) =>
    await (await import("#distribution/artifacts/blob-repository.ts")).RegistryRepository.open(registries, ...asked);
  const openCache = async (...asked: CacheAsked) => {
    const { RegistryCache } = await import("#distribution/cache/registry-cache.ts");
    return await RegistryCache.open({ ...distribution, registries, source: images }, ...asked);
  };
  const elsewhere = { puller: pulls, openCache, openRepository };
  return { images, backend, registryBackend, elsewhere, close: () => registries.close() };
}

/** Asked for each time: a reload may change them. */
function openRegistries(config: LiveConfig, logger: Logger): Registries {
  return new Registries(
    { logger },
    {
      registries: {
        get mirrors() {
          return config.current.images.mirrors;
        },
        get insecureRegistries() {
          return config.current.images.insecureRegistries;
        },
      },
      get proxies() {
        return config.current.images.proxies;
      },
      certificateFolders: CERTIFICATE_FOLDERS,
      retry: { ...defaultRetry, attempts: config.current.images.maxDownloadAttempts },
      userAgent: `dhow/${dhowVersion}`,
    },
  );
}
