import { HttpServer } from "#http/server.ts";
import type { HttpRequest, RawReply } from "#http/answer.ts";
import type { Listener } from "#http/listen.ts";
import type { Logger } from "#lib/logger.ts";
import { messageOf } from "#errors/engine-error.ts";
import type { Access } from "./access.ts";
import { accountOf, answer } from "./answer.ts";
import type { Copies, RegistryContext, RegistryLimits, WriteContext } from "./context.ts";
import { collect, type Collected, type CollectDeps } from "./gc/collect.ts";
import { countedBody } from "./metrics/counted-body.ts";
import { RegistryMetrics } from "./metrics/metrics.ts";
import type { Repositories } from "./repositories/contract.ts";
import { RequestRates } from "./rates.ts";
import { errorReply } from "./routes/error-reply.ts";

export interface RegistryDeps {
  /** What is shown. */
  readonly repositories: Repositories;
  readonly copies?: Copies | undefined;
  /** What takes things in; undefined for a registry that only shows what is there. */
  readonly writes: (WriteContext & { readonly collect: CollectDeps }) | undefined;
  readonly access: Access;
  readonly logger: Logger;
}

export interface RegistryOptions {
  readonly limits: RegistryLimits;
  /** Requests a second and address, over some seconds; undefined is any number. */
  readonly requestsPerSecond: number | undefined;
  /** ms between two garbage collections; undefined is never by itself. */
  readonly collectEveryMs: number | undefined;
  readonly collectUntagged: boolean;
}

const EXPIRE_EVERY_MS = 60_000;

/** An OCI distribution server (specification 1.1) over any number of listeners. */
export class Registry {
  readonly metrics = new RegistryMetrics();
  readonly #deps: RegistryDeps;
  readonly #options: RegistryOptions;
  readonly #context: RegistryContext;
  readonly #server: HttpServer;
  readonly #rates: RequestRates | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #stop = new AbortController();
  #collecting: Promise<Collected> | undefined;

  constructor(deps: RegistryDeps, options: RegistryOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#context = { ...deps, limits: options.limits };
    this.#rates = options.requestsPerSecond === undefined ? undefined : new RequestRates(options.requestsPerSecond);
    this.#server = new HttpServer({ handle: (request) => this.#answer(request), logger: deps.logger }, { headers: {} });
    if (deps.writes !== undefined) this.#schedule();
  }

  /** Serves what a listener accepts; closing the listener stays the caller's. */
  serve(listener: Listener): void {
    this.#server.serve(listener.server, listener.transport);
  }

  /** The figures for Prometheus, now. */
  scrape(): string {
    return this.metrics.text({ openUploads: this.#deps.writes?.uploads.size ?? 0, connections: this.#server.load.connections });
  }

  /** Takes the garbage; whoever asks while that goes on gets the same answer. */
  collect(): Promise<Collected> {
    this.#collecting ??= this.#collect().finally(() => (this.#collecting = undefined));
    return this.#collecting;
  }

  /** Lets requests finish for `graceMs`, and ends what else goes on. */
  async close(graceMs: number): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#stop.abort(new Error("the registry is being closed"));
    await this.#server.close(graceMs);
    await this.#collecting?.catch(() => undefined);
  }

  async #answer(request: HttpRequest): Promise<RawReply> {
    try {
      this.#rates?.take(accountOf(request));
    } catch (error) {
      this.metrics.answered({ kind: "refused", method: request.method, status: 429, seconds: 0 });
      return errorReply(error);
    }
    const counted = countedBody(request, (bytes) => this.metrics.received(bytes));
    const replied = await answer(this.#context, counted, (answered) => this.metrics.answered(answered));
    const length = Number(replied.headers["Content-Length"] ?? (replied.body instanceof Uint8Array ? replied.body.length : 0));
    if (request.method === "GET" && replied.status < 300) this.metrics.sent(length);
    return replied;
  }

  async #collect(): Promise<Collected> {
    const { writes, logger } = this.#deps;
    if (writes === undefined) return { manifests: 0, links: 0, blobs: 0, bytes: 0 };
    const collected = await collect(writes.collect, { untagged: this.#options.collectUntagged, signal: this.#stop.signal });
    this.metrics.collected(collected);
    logger.info(collected, "garbage collected");
    return collected;
  }

  #schedule(): void {
    const every = (ms: number, what: string, work: () => Promise<unknown>): void => {
      const run = (): void => {
        work().catch((error: unknown) => this.#deps.logger.warn({ error: messageOf(error) }, `${what} failed`));
      };
      this.#timers.push(setInterval(run, ms).unref());
    };
    every(EXPIRE_EVERY_MS, "expiring uploads", () => this.#expire());
    if (this.#options.collectEveryMs !== undefined) every(this.#options.collectEveryMs, "collecting garbage", () => this.collect());
  }

  async #expire(): Promise<void> {
    const { writes, logger } = this.#deps;
    const expired = (await writes?.uploads.expire()) ?? [];
    for (const { repository, data } of expired) writes?.quotas.coming(repository, -data.size);
    this.metrics.expired(expired.length);
    if (expired.length > 0) logger.info({ uploads: expired.length }, "abandoned uploads were removed");
  }
}
