import type {
  AttestationStatement,
  AuthConfig,
  DistributionInspect,
  ImageDeleteResponseItem,
  ImageHistoryResponseItem,
} from "#spec/docker-api/types.ts";
import type { ImageVerdict } from "#spec/image-verdict.ts";
import type { ProgressMessage } from "#spec/progress.ts";
import { parsePlatform } from "#spec/platform.ts";
import { familiarName, familiarString, parseReference, withDefaultTag, type Reference } from "#spec/reference.ts";
import type { InspectedImage, ListedImage } from "./answers.ts";
import type { Caller, CallOptions } from "./caller.ts";
import { ApiError } from "./api-error.ts";
import { authHeader } from "./auth-header.ts";
import { buildCall, type BuildOptions } from "./builds/build.ts";
import { prune, type Pruned, type PruneOptions } from "./prune.ts";
import { encodeFilters, encodeName, type QueryFilters } from "./query.ts";

export interface PullOptions {
  /** `linux/arm64` */
  readonly platform?: string | undefined;
  /** For the registry; the daemon passes it on and keeps nothing. */
  readonly auth?: AuthConfig | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ImportOptions {
  readonly repo?: string;
  readonly tag?: string;
  readonly message?: string;
  /** Instructions as of a Dockerfile: `CMD ["sh"]`. */
  readonly changes?: readonly string[];
  readonly platform?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ImageListOptions {
  readonly all?: boolean;
  readonly sharedSize?: boolean;
  readonly filters?: QueryFilters;
}

export interface FoundImage {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
}

/** Images, each named by reference, id, or a beginning of it. Progress ends with an ApiError when the work fails on the way. */
export class ImagesClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** `busybox` means `busybox:latest`. */
  pull(reference: string, { platform, auth, signal }: PullOptions = {}): Promise<AsyncGenerator<ProgressMessage>> {
    return this.#progress("/images/create", { query: { fromImage: fullName(reference), platform }, headers: authHeader(auth), signal });
  }

  /** Without a tag every tag of the repository. */
  push(reference: Reference, { platform, auth, signal }: PullOptions = {}): Promise<AsyncGenerator<ProgressMessage>> {
    const query = { tag: reference.tag, platform: platformJson(platform) };
    // The daemon of a docker that asks for the header answers 400 without it.
    const headers = authHeader(auth ?? {});
    return this.#progress(`/images/${encodeName(familiarName(reference))}/push`, { query, headers, signal });
  }

  /** A docker-archive with an OCI layout in it. */
  async save(
    names: readonly string[],
    { platform, signal }: { readonly platform?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    return (await this.#caller.stream("GET /images/get", { query: { names, platform: platformJson(platform) }, signal })).body;
  }

  /** Takes in a docker-archive or an OCI layout as a tar. */
  load(
    archive: AsyncIterable<Uint8Array>,
    {
      quiet = false,
      platform,
      signal,
    }: { readonly quiet?: boolean; readonly platform?: string | undefined; readonly signal?: AbortSignal } = {},
  ): Promise<AsyncGenerator<ProgressMessage>> {
    return this.#progress("/images/load", { query: { quiet, platform: platformJson(platform) }, headers: TAR, body: archive, signal });
  }

  /** Makes an image of a file system as a tar. */
  import(archive: AsyncIterable<Uint8Array>, { signal, ...options }: ImportOptions = {}): Promise<AsyncGenerator<ProgressMessage>> {
    return this.#progress("/images/create", { query: { fromSrc: "-", ...options }, headers: TAR, body: archive, signal });
  }

  /** What the daemon's signature policy says of an image in its registry. Only this project's engine tells. */
  verify(reference: Reference, { auth, signal }: Pick<PullOptions, "auth" | "signal"> = {}): Promise<ImageVerdict> {
    return this.#caller.json(`GET /distribution/${encodeName(familiarString(withDefaultTag(reference)))}/verify`, {
      headers: authHeader(auth),
      signal,
    });
  }

  /** Builds an image. The last line with an `aux` of an `ID` names it. */
  async build(options: BuildOptions): Promise<AsyncGenerator<ProgressMessage>> {
    if (options.offers === undefined) return this.#progress("/build", buildCall(options));
    const { openBuildSession, lasting } = await import("./builds/open-session.ts");
    const session = await openBuildSession(this.#caller, options.offers, options.signal);
    return lasting(session, () => this.#progress("/build", buildCall(options, session.id)));
  }

  list({ all, sharedSize, filters }: ImageListOptions = {}): Promise<ListedImage[]> {
    return this.#caller.json("GET /images/json", { query: { all, "shared-size": sharedSize, filters: encodeFilters(filters) } });
  }

  inspect(name: string): Promise<InspectedImage> {
    return this.#caller.json(`GET /images/${encodeName(name)}/json`);
  }

  history(name: string): Promise<ImageHistoryResponseItem[]> {
    return this.#caller.json(`GET /images/${encodeName(name)}/history`);
  }

  /** What is said of an image that was built here. @param types predicate types; none is all. @param statement with the in-toto statements themselves. */
  attestations(
    name: string,
    { types, statement }: { readonly types?: readonly string[]; readonly statement?: boolean } = {},
  ): Promise<AttestationStatement[]> {
    return this.#caller.json(`GET /images/${encodeName(name)}/attestations`, { query: { type: types, statement } });
  }

  tag(name: string, { repo, tag }: { readonly repo: string; readonly tag?: string }): Promise<void> {
    return this.#caller.send(`POST /images/${encodeName(name)}/tag`, { query: { repo, tag } });
  }

  remove(
    name: string,
    { force, noPrune }: { readonly force?: boolean; readonly noPrune?: boolean } = {},
  ): Promise<ImageDeleteResponseItem[]> {
    return this.#caller.json(`DELETE /images/${encodeName(name)}`, { query: { force, noprune: noPrune } });
  }

  /** Removes what no tag names, or with the filter `dangling: false` what no container uses. */
  prune(options: PruneOptions = {}): Promise<Pruned> {
    return prune(this.#caller, "images", options);
  }

  /** Asks the registry what a reference means there, without fetching it. */
  distribution(reference: string, { auth }: { readonly auth?: AuthConfig | undefined } = {}): Promise<DistributionInspect> {
    return this.#caller.json(`GET /distribution/${encodeName(fullName(reference))}/json`, { headers: authHeader(auth) });
  }

  search(term: string, { limit, filters }: { readonly limit?: number; readonly filters?: QueryFilters } = {}): Promise<FoundImage[]> {
    return this.#caller.json("GET /images/search", { query: { term, limit, filters: encodeFilters(filters) } });
  }

  async #progress(path: `/${string}`, options: CallOptions): Promise<AsyncGenerator<ProgressMessage>> {
    return untilError(await this.#caller.lines(`POST ${path}`, options));
  }
}

const TAR = { "Content-Type": "application/x-tar" };

/** `linux/arm64` as the newer parameters have it. */
function platformJson(text: string | undefined): string | undefined {
  return text === undefined ? undefined : JSON.stringify(parsePlatform(text));
}

/** Without a tag the daemon would take every tag that the repository has. */
function fullName(text: string): string {
  return familiarString(withDefaultTag(parseReference(text)));
}

interface ErrorLine {
  readonly error?: string;
  readonly errorDetail?: { readonly code?: number; readonly message?: string };
}

/** Once an answer has begun its status is out, and an error is a line of it. */
async function* untilError(lines: AsyncIterable<ProgressMessage & ErrorLine>): AsyncGenerator<ProgressMessage> {
  for await (const line of lines) {
    const message = line.errorDetail?.message ?? line.error;
    if (message !== undefined) throw new ApiError(line.errorDetail?.code ?? 500, message);
    yield line;
  }
}
