import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { EngineError, isEngineError, messageOf } from "#errors/engine-error.ts";
import { Slots } from "#lib/slots.ts";
import type { Attestation } from "#spec/attestations.ts";
import type { CacheExport, CacheLocation } from "#spec/build/cache.ts";
import type { Digest } from "#spec/digest.ts";
import { formatPlatform, hostPlatform, type Platform } from "#spec/platform.ts";
import { parseReference, withDefaultTag, type Reference } from "#spec/reference.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";
import { detachMount } from "#sys/mounts/mount.ts";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";
import type { Trees } from "#store/tree/trees.ts";
import type { BuildInput, BuildSink } from "./build-input.ts";
import type { AttestDeps, AttestedBuild } from "./attest/attest.ts";
import { checkAttestable } from "./attest/check-attestable.ts";
import { BuildCache, type Pruned } from "./cache/build-cache.ts";
import type { CacheUse } from "./cache/cache-store.ts";
import type { CacheEntry } from "./cache/cache-entry.ts";
import type { PruneOptions } from "./cache/choose-victims.ts";
import { ImageCaches } from "./cache/image-caches.ts";
import { dropIgnored } from "./context/drop-ignored.ts";
import { openContext } from "./context/open-context.ts";
import { readDockerfile, type FoundDockerfile } from "./context/read-dockerfile.ts";
import { executePlan, treeOf } from "./execute/execute-plan.ts";
import type { ExecutionDeps, MadeStep } from "./execute/execution-context.ts";
import { BuildReport } from "./execute/report.ts";
import { entitlementsOf } from "./entitlements.ts";
import { deliver } from "./export/deliver.ts";
import { finishImage } from "./export/finish.ts";
import type { BuildPlan, PlanOptions, PlanPorts } from "./plan/plan.ts";
import { warningsText } from "./plan/warnings-text.ts";
import type { BasePuller, BuildAssembly, FoundImage } from "./ports.ts";
import type { BuilderPolicy } from "./policy.ts";
import { cacheMountsOf } from "./remote-cache/cache-mounts-of.ts";
import { ClientPlace } from "./remote-cache/client-place.ts";
import { exportCache, type BuiltSteps, type ExportDeps } from "./remote-cache/export-cache.ts";
import type { ImportedCaches } from "./remote-cache/imported-caches.ts";
import { openImports } from "./remote-cache/open-imports.ts";
import type { WritableCachePlace } from "./remote-cache/place.ts";
import { resolveBase } from "./resolve-base.ts";
import type { ClientSession } from "./session/client-session.ts";
import { Sessions } from "./session/sessions.ts";
import { sourceDateEpoch } from "./source-date-epoch.ts";

export interface BuildServiceDeps extends ExecutionDeps {
  readonly puller: BasePuller;
  readonly trees: Pick<Trees, "remove">;
  readonly plan: (options: PlanOptions, ports: PlanPorts) => Promise<BuildPlan>;
  /** A repository that a cache is kept in. */
  readonly openCache: (reference: Reference, auth: RegistryAuth, writes: boolean, signal: AbortSignal) => Promise<WritableCachePlace>;
  /** Asked for each time: a reload may change it. */
  readonly policy: () => BuilderPolicy;
}

export interface BuildServiceOptions {
  /** A folder of the builder's own, under the data root. */
  readonly root: string;
  /** Steps of one build that go on at once. */
  readonly parallel: number;
}

const TIDY_EVERY_MS = 10 * 60_000;
/** Contexts that come in at once. A client that stalls holds a thread, and copies need those, too. */
const MOST_CONTEXTS = 4;

/** Builds images. */
export class BuildService {
  readonly #deps: BuildServiceDeps;
  readonly #options: BuildServiceOptions;
  readonly #jobs: string;
  readonly #cache: BuildCache;
  readonly #contexts = new Slots(MOST_CONTEXTS);
  readonly sessions = new Sessions();
  readonly #closing = new AbortController();
  readonly #going = new Set<Promise<unknown>>();
  #tidied = 0;

  constructor(deps: BuildServiceDeps, options: BuildServiceOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#cache = new BuildCache(deps, options.root);
    this.#jobs = join(options.root, "jobs");
    mkdirSync(this.#jobs, { recursive: true, mode: 0o711 });
  }

  /**
   * Builds an image. When the signal comes, everything of it ends, and nothing is left but what the cache has learnt.
   *
   * @returns the image's id; undefined where no image of this engine was asked for.
   * @throws EngineError; StepFailure for a RUN that ended badly.
   */
  async build(input: BuildInput, sink: BuildSink, signal: AbortSignal): Promise<Digest | undefined> {
    const work = this.#build(input, sink, AbortSignal.any([signal, this.#closing.signal]));
    this.#going.add(work);
    try {
      return await work;
    } catch (error) {
      // The next one is to have room.
      if (isEngineError(error, "exhausted")) this.#tidied = 0;
      throw error;
    } finally {
      this.#going.delete(work);
      this.#tidy();
    }
  }

  /** All that is kept for later builds. */
  async usage(): Promise<CacheEntry[]> {
    return await this.#cache.entries();
  }

  async prune(options: PruneOptions): Promise<Pruned> {
    return await this.#cache.prune(options);
  }

  /** At daemon start: what builds left that a kill has ended. */
  async sweep(): Promise<void> {
    for (const point of mountPointsBelow(this.#jobs).toReversed()) await detachMount(point)();
    for (const name of readdirSync(this.#jobs)) await this.#deps.trees.remove(join(this.#jobs, name));
    await this.#deps.mounts.sweep();
  }

  /** Ends all builds, and the threads. */
  async close(): Promise<void> {
    this.#closing.abort(new EngineError("cancelled", "the daemon is shutting down"));
    this.sessions.close();
    // A build that ends leaves its tidying up.
    while (this.#going.size > 0) await Promise.allSettled(this.#going);
    await this.#deps.threads.close();
  }

  /** Behind a build: keeps the cache within its share of the disk. Mounts are measured for it, so not each time. */
  #tidy(): void {
    const now = Date.now();
    if (now - this.#tidied < TIDY_EVERY_MS || this.#closing.signal.aborted) return;
    this.#tidied = now;
    this.#behind("the builder's cache could not be tidied", this.#cache.tidy(this.#deps.policy().gc.rules));
  }

  /** Lets something go on behind an answer, until the daemon ends. */
  #behind(failure: string, going: Promise<unknown>): void {
    const work = going.catch((error: unknown) => this.#deps.logger.warn({ error: messageOf(error) }, failure));
    this.#going.add(work);
    void work.finally(() => this.#going.delete(work));
  }

  async #build(input: BuildInput, sink: BuildSink, signal: AbortSignal): Promise<Digest | undefined> {
    const folder = join(this.#jobs, randomBytes(12).toString("hex"));
    await mkdir(folder, { mode: 0o711 });
    try {
      using session = input.session === undefined ? undefined : await this.sessions.take(input.session);
      const { folder: context, dockerfile: only } = await this.#contexts.run(signal, async () => {
        return await openContext(this.#deps, input.source, folder, signal);
      });
      const dockerfile = readDockerfile(context, only ?? input.dockerfile);
      const ignorePatterns = dropIgnored(context, dockerfile.name);
      await using assembly = this.#deps.images.openAssembly();
      return await this.#make({ input, sink, session, folder, context, assembly, dockerfile, ignorePatterns }, signal);
    } finally {
      // Nobody waits for it: a small build took a fifth of its time to tidy up.
      this.#behind("the folder of a build could not be removed", this.#deps.trees.remove(folder));
    }
  }

  async #make(job: Job, signal: AbortSignal): Promise<Digest | undefined> {
    const { input, sink } = job;
    const started = new Date();
    checkAttestable(input);
    const entitlements = entitlementsOf(input, this.#deps.policy().entitlements);
    const plan = await this.#plan(job, signal);
    const epoch = sourceDateEpoch(input.buildArgs);
    const emptyFolder = join(job.folder, "empty");
    await mkdir(emptyFolder, { mode: 0o755 });
    const slots = new Slots(this.#options.parallel);
    const report = new BuildReport(sink, plan, job.dockerfile);
    const imported = await this.#imports(job, signal);
    const made: MadeStep[] = [];
    const uses: CacheUse[] = [];
    const execution = { ...this.#deps, ...job, plan, entitlements, emptyFolder, slots, report, epoch, imported, made, uses };
    const work = executePlan({ ...execution, imageCaches: this.#imageCaches(input) }, signal);
    const results = await work.finally(() => this.#deps.cache.used(uses, Date.now()));
    const deps = { ...this.#deps, ...job, emptyFolder };
    const image = await finishImage(deps, { input, plan, results, epoch }, signal);
    const warnings = warningsText(plan.warnings);
    if (warnings !== undefined) sink.push({ stream: warnings });
    const build = { ...job, image, plan, platform: plan.target.platform, results, epoch, started };
    const attestations = await this.#attest(deps, build, signal);
    const isRecorded = await deliver(deps, { input, image, sink, attestations }, signal);
    const built = { steps: made, tree: treeOf(results, plan.target.result), mounts: cacheMountsOf(plan) };
    for (const one of input.cacheTo) await this.#export({ ...deps, imported }, one, built, signal);
    return isRecorded ? image.id : undefined;
  }

  /** Few builds are asked for it. */
  async #attest(deps: AttestDeps, build: AttestedBuild, signal: AbortSignal): Promise<Attestation[]> {
    const { sbom, provenance } = build.input.attestations;
    if (!sbom && provenance === undefined) return [];
    const { attest } = await import("./attest/attest.ts");
    return await attest(deps, build, signal);
  }

  #imageCaches({ cacheFrom }: BuildInput): ImageCaches {
    return new ImageCaches(cacheFrom.flatMap((source) => (source.kind === "image" ? this.#cacheImage(source.reference) : [])));
  }

  async #imports(job: Job, signal: AbortSignal): Promise<ImportedCaches> {
    const locations = job.input.cacheFrom.filter((source) => source.kind !== "image");
    return await openImports(locations, async (one) => await this.#place(job, one, false, signal), job.sink, signal);
  }

  async #place({ input, session }: Job, location: CacheLocation, writes: boolean, signal: AbortSignal): Promise<WritableCachePlace> {
    if (location.kind === "client") {
      if (session === undefined) throw new EngineError("invalid", "a cache of the client needs a session");
      return new ClientPlace({ session, content: this.#deps.content }, location.index);
    }
    const reference = withDefaultTag(parseReference(location.reference));
    return await this.#deps.openCache(reference, input.authFor(reference.domain), writes, signal);
  }

  async #export(deps: ExportDeps & Job, wanted: CacheExport, built: BuiltSteps, signal: AbortSignal): Promise<void> {
    try {
      const place = await this.#place(deps, wanted.location, true, signal);
      deps.sink.push({ stream: `Exporting the cache to ${place.name}\n` });
      await exportCache(deps, place, wanted, built, signal);
    } catch (error) {
      if (!wanted.ignoreError || signal.aborted) throw error;
      deps.sink.push({ stream: `The cache could not be exported: ${messageOf(error)}\n` });
    }
  }

  /** One that is not here is no cache: as with dockerd. */
  #cacheImage(reference: string): FoundImage[] {
    try {
      return [this.#deps.images.find(reference, undefined)];
    } catch (error) {
      if (isEngineError(error, "not-found")) return [];
      throw error;
    }
  }

  async #plan({ input, sink, dockerfile, ignorePatterns }: Job, signal: AbortSignal): Promise<BuildPlan> {
    const platform = platformOf(input.platform);
    const base = { ...this.#deps, input, sink };
    return await this.#deps.plan(
      {
        fileName: dockerfile.name,
        source: dockerfile.bytes,
        target: input.target,
        buildArgs: input.buildArgs,
        labels: input.labels,
        targetPlatform: platform,
        buildPlatform: hostPlatform(),
        network: input.hostConfig.NetworkMode === "none" ? "none" : input.hostConfig.NetworkMode === "host" ? "host" : "default",
        ignorePatterns,
      },
      { resolveBase: async (reference, wanted) => await resolveBase(base, reference, wanted, signal) },
    );
  }
}

interface Job {
  readonly input: BuildInput;
  readonly session: ClientSession | undefined;
  readonly sink: BuildSink;
  readonly folder: string;
  readonly context: string;
  readonly assembly: BuildAssembly;
  readonly dockerfile: FoundDockerfile;
  readonly ignorePatterns: readonly string[];
}

/** @throws EngineError `invalid` for another operating system. */
function platformOf(asked: Platform | undefined): Platform {
  const host = hostPlatform();
  if (asked !== undefined && asked.os !== host.os)
    throw new EngineError("invalid", `cannot build for ${formatPlatform(asked)} on ${formatPlatform(host)}`);
  return asked ?? host;
}
