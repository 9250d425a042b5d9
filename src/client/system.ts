import type { AuthConfig, BuildCache, ContainerSummary, ImageSummary, SystemInfo, SystemVersion, Volume } from "#spec/docker-api/types.ts";
import type { StoreReport } from "#spec/store-report.ts";
import type { EngineEventMessage } from "./answers.ts";
import type { Caller } from "./caller.ts";
import { encodeFilters, type QueryFilters } from "./query.ts";

export interface PingAnswer {
  readonly apiVersion: string;
  readonly osType: string;
  readonly builderVersion: string;
  readonly swarm: string;
}

export interface EventsOptions {
  /** Unix seconds, RFC 3339, or a duration back from now, as Docker takes them. */
  readonly since?: string;
  readonly until?: string;
  readonly filters?: QueryFilters;
  readonly signal?: AbortSignal;
}

/** What the disk is used for, as every version of the API has it. */
export interface DiskUsageAnswer {
  /** Bytes of all images, what they share counted once. */
  readonly LayersSize: number;
  /** How much of it is kept for pushes. Only this project's engine tells. */
  readonly ArchivesSize?: number;
  readonly Images: readonly UsedImage[] | null;
  readonly Containers: readonly UsedContainer[] | null;
  readonly Volumes: readonly Volume[] | null;
  readonly BuildCache: readonly BuildCache[] | null;
}

export interface UsedImage extends ImageSummary {
  /** Bytes that are kept for pushes, which `Size` has in it. Only this project's engine tells. */
  readonly SizeArchives?: number;
}

export interface UsedContainer extends ContainerSummary {
  /** Bytes of its log, which `SizeRw` has in it. Only this project's engine tells. */
  readonly SizeLogs?: number;
}

export class SystemClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  async ping(signal?: AbortSignal): Promise<PingAnswer> {
    const headers = await this.#caller.ping(signal);
    const field = (name: string): string => String(headers[name] ?? "");
    return {
      apiVersion: field("api-version"),
      osType: field("ostype"),
      builderVersion: field("builder-version"),
      swarm: field("swarm"),
    };
  }

  version(): Promise<SystemVersion> {
    return this.#caller.json("GET /version");
  }

  info(): Promise<SystemInfo> {
    return this.#caller.json("GET /info");
  }

  /** Of Dhow's own: what is the matter with the store; as slow as reading all of it. */
  doctor({ repair }: { readonly repair: boolean }): Promise<StoreReport> {
    return this.#caller.json("POST /system/doctor", { query: { repair } });
  }

  /** Has the daemon try credentials at the registry that they name. */
  login(auth: AuthConfig): Promise<{ readonly Status?: string; readonly IdentityToken?: string }> {
    return this.#caller.json("POST /auth", { json: auth });
  }

  /** As slow as `du`. */
  diskUsage(): Promise<DiskUsageAnswer> {
    return this.#caller.json("GET /system/df");
  }

  /** Resolves when the daemon has subscribed: what happens from then on is in the stream, which ends at `until` or the signal. */
  events({ since, until, filters, signal }: EventsOptions = {}): Promise<AsyncGenerator<EngineEventMessage>> {
    return this.#caller.lines("GET /events", { query: { since, until, filters: encodeFilters(filters) }, signal });
  }
}
