import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { EventSink } from "#events/contract.ts";
import type { Logger } from "#lib/logger.ts";
import { hostPlatform, type Platform } from "#spec/platform.ts";
import type { ProgressSink } from "#spec/progress.ts";
import { familiarName, familiarString, withTag, type Reference } from "#spec/reference.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { Endpoint } from "../session/endpoint.ts";
import { listTags } from "./list-tags.ts";
import type { ImageTarget } from "../ports.ts";
import type { Registries } from "../registries.ts";
import { pullError } from "./pull-error.ts";
import { pullImage } from "./pull-image.ts";
import type { RetryOptions } from "../transport/retry.ts";
import { Transfers } from "./transfers.ts";

export interface PullDeps {
  readonly registries: Registries;
  readonly target: ImageTarget;
  readonly content: ContentStore;
  readonly events: EventSink;
  readonly logger: Logger;
}

export interface PullOptions {
  readonly concurrentDownloads: number;
  readonly platform?: Platform;
}

export interface PullInput {
  /** Without a tag and a digest: every tag of the repository. */
  readonly reference: Reference;
  readonly platform: Platform | undefined;
  readonly auth: RegistryAuth;
}

/** Pulls images. */
export interface PullService {
  /**
   * Resolves when the image is here. The first line is given when the image is found: before it, an error is the answer to the
   * request, and after it a line of the stream.
   *
   * @throws EngineError with dockerd's texts: `not-found`, `unauthorized`, `forbidden`, `invalid`, `unavailable`, `cancelled`, …
   */
  pull(input: PullInput, sink: ProgressSink, signal: AbortSignal): Promise<void>;
}

export function createPullService(deps: PullDeps, options: PullOptions): PullService {
  const { retry } = deps.registries;
  const transfers = new Transfers(deps.content, { concurrent: options.concurrentDownloads, retry });
  const shared = { ...deps, transfers, retry, options };
  return { pull: (input, sink, signal) => pull(shared, input, sink, signal) };
}

interface Shared extends PullDeps {
  readonly transfers: Transfers;
  readonly retry: RetryOptions;
  readonly options: PullOptions;
}

async function pull(shared: Shared, input: PullInput, sink: ProgressSink, signal: AbortSignal): Promise<void> {
  const { reference } = input;
  if (familiarName(reference) === "scratch") throw new EngineError("forbidden", "'scratch' is a reserved name");
  try {
    const isNew = await fromAnyEndpoint(shared, input, sink, signal);
    const name = familiarName(reference);
    const labels = labelsOf(shared.target, reference);
    shared.events.emit({ type: "image", action: "pull", id: familiarString(reference), attributes: { ...labels, name } });
    sink({ status: `Status: ${isNew ? "Downloaded newer image" : "Image is up to date"} for ${familiarString(reference)}` });
  } catch (error) {
    throw pullError(error, reference);
  }
}

/** A mirror that fails, for whatever reason, hands over to the next. */
async function fromAnyEndpoint(shared: Shared, input: PullInput, sink: ProgressSink, signal: AbortSignal): Promise<boolean> {
  const endpoints = shared.registries.endpointsOf(input.reference);
  for (const endpoint of endpoints) {
    try {
      return await fromEndpoint(shared, endpoint, input, sink, signal);
    } catch (error) {
      if (!endpoint.mirror || signal.aborted || isEngineError(error, "cancelled", "exhausted")) throw error;
      shared.logger.warn({ mirror: endpoint.host, image: familiarString(input.reference), err: error }, "mirror failed, trying the next");
    }
  }
  throw new EngineError("unavailable", `no endpoints found for ${familiarString(input.reference)}`);
}

async function fromEndpoint(
  shared: Shared,
  endpoint: Endpoint,
  input: PullInput,
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<boolean> {
  const { reference, platform } = input;
  const session = await shared.registries.open(endpoint, reference, input.auth, signal);
  const isAll = reference.tag === undefined && reference.digest === undefined;
  const wanted = isAll ? (await listTags(session, signal)).map((tag) => withTag(reference, tag)) : [reference];
  let anyNew = false;
  for (const one of wanted) {
    const image = {
      reference: one,
      platform: platform ?? shared.options.platform ?? hostPlatform(),
      platformIsAsked: platform !== undefined,
    };
    const isNew = await pullImage({ ...shared, session }, image, sink, signal);
    anyNew ||= isNew;
  }
  return anyNew;
}

function labelsOf(target: ImageTarget, reference: Reference): Readonly<Record<string, string>> {
  const id = target.images.idOf(reference);
  const image = id === undefined ? undefined : target.images.get(id);
  return image?.config.config?.Labels ?? {};
}
