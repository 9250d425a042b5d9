import tls from "node:tls";
import type { RegistryCollectValues, RegistryServeValues } from "#cli/registry-values.ts";
import { type Streams, write } from "#cli/streams.ts";
import { DaemonLogger } from "#daemon/logging/logger.ts";
import { serveMetrics } from "#daemon/listening/metrics-server.ts";
import { lockRoot } from "#daemon/roots/root-lock.ts";
import { stderrSink } from "#daemon/logging/stderr-sink.ts";
import { messageOf } from "#errors/engine-error.ts";
import { listen, type Listener, tlsOptions } from "#http/listen.ts";
import type { Logger } from "#lib/logger.ts";
import type { Registries } from "#distribution/registries.ts";
import { openRegistry, type OpenRegistry, type ProxiedUpstream } from "#registry/open-registry.ts";
import { openBucket } from "#registry/storage/s3/open-bucket.ts";
import { collectStored } from "#registry/gc/collect-stored.ts";
import { makeFolder } from "#registry/storage/durable-files.ts";
import { credentialsFor, newRegistries, parseProxy, upstreamOf } from "./registry/upstream.ts";
import { bucketOf } from "./registry/bucket-options.ts";
import { collectOptions, dataRootOf, listenTargetOf, serveOptions, tlsIdentityOf } from "./registry/options.ts";

/** What requests under way get when the registry is told to stop. */
const GRACE_MS = 10_000;

/** `dhow registry serve`: serves until SIGINT or SIGTERM. SIGHUP reads the policy and the certificates again, SIGUSR1 collects garbage. */
export async function serveRegistry(values: RegistryServeValues, streams: Streams, debug: boolean): Promise<number> {
  const options = serveOptions(values);
  const identity = tlsIdentityOf(values);
  const logger = newLogger(debug);
  await using resources = new AsyncDisposableStack();
  await makeFolder(options.registry.root);
  resources.defer(lockRoot(options.registry.root, "registry's folder", "registry"));
  const registries = newRegistries(logger);
  resources.defer(() => registries.close());
  const bucket = options.bucket === undefined ? {} : await openBucket({ logger }, options.bucket);
  const opened = await openRegistry({ logger, ...bucket, upstreams: upstreamsOf(values, registries) }, options.registry);
  resources.defer(() => opened.close(GRACE_MS));
  const listeners: Listener[] = [];
  for (const address of options.addresses) {
    const listener = await listen(listenTargetOf(address, identity));
    resources.defer(() => listener.close());
    listeners.push(listener);
  }
  if (options.metrics !== undefined) {
    const metrics = await serveMetrics(options.metrics, () => opened.registry.scrape());
    resources.defer(() => metrics.close());
    await write(streams.output, `Metrics on http://${metrics.address}/metrics\n`);
  }
  const stop = stopSignal(streams);
  resources.defer(streams.onSignal(["SIGHUP"], () => void reload(values, listeners, opened, logger)));
  resources.defer(streams.onSignal(["SIGUSR1"], () => void collectNow(opened, logger)));
  for (const listener of listeners) {
    opened.registry.serve(listener);
    await write(streams.output, `Registry on ${listener.address.replace("tcp:", identity === undefined ? "http:" : "https:")}\n`);
  }
  logger.info({ signal: await stop }, "the registry stops");
  return 0;
}

/** `dhow registry gc`: for a registry that nobody serves; one that is served collects by itself, and on SIGUSR1. */
export async function collectRegistry(values: RegistryCollectValues, streams: Streams, debug: boolean): Promise<number> {
  const root = dataRootOf(values);
  await makeFolder(root);
  const unlock = lockRoot(root, "registry's folder", "registry");
  const logger = newLogger(debug);
  try {
    const bucket = bucketOf(values, undefined);
    const storage = bucket === undefined ? {} : await openBucket({ logger }, bucket);
    const { manifests, links, blobs, bytes } = await collectStored({ root, logger, ...storage }, collectOptions(values));
    const where = bucket === undefined ? "disk" : "bucket";
    await write(
      streams.output,
      `Removed ${manifests} manifests, ${links} blobs from repositories, and ${blobs} blobs (${bytes} bytes) from the ${where}\n`,
    );
  } finally {
    unlock();
  }
  return 0;
}

/** The mirror comes last: it has every name. */
function upstreamsOf(values: RegistryServeValues, registries: Registries): ProxiedUpstream[] {
  const proxied = values.proxy.map(parseProxy);
  const all = values.mirror === undefined ? proxied : [...proxied, { prefix: "", host: values.mirror }];
  return all.map(({ prefix, host }) => ({
    prefix,
    host,
    upstream: upstreamOf(registries, host, credentialsFor(host, values["proxy-credentials"])),
  }));
}

function newLogger(debug: boolean): Logger {
  return DaemonLogger.create({ level: debug ? "debug" : "info", format: "text", sink: stderrSink() });
}

function stopSignal(streams: Streams): Promise<NodeJS.Signals> {
  return new Promise((resolve) => void streams.onSignal(["SIGINT", "SIGTERM"], resolve));
}

async function collectNow({ registry }: OpenRegistry, logger: Logger): Promise<void> {
  await registry.collect().catch((error: unknown) => logger.error({ error: messageOf(error) }, "collecting garbage failed"));
}

/** What cannot be read leaves all as it was. */
async function reload(values: RegistryServeValues, listeners: readonly Listener[], opened: OpenRegistry, logger: Logger): Promise<void> {
  try {
    const identity = tlsIdentityOf(values);
    for (const { server } of listeners) {
      if (identity !== undefined && server instanceof tls.Server) server.setSecureContext(tlsOptions(identity, undefined));
    }
    await opened.reload();
    logger.info({}, "policy and certificates were read again");
  } catch (error) {
    logger.error({ error: messageOf(error) }, "reading the configuration again failed; the old one stays");
  }
}
