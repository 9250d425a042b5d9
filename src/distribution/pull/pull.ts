import { EngineError } from "#errors/engine-error.ts";
import type { EventSink } from "#events/contract.ts";
import type { Logger } from "#lib/logger.ts";
import { hostPlatform, type Platform } from "#spec/platform.ts";
import type { ProgressSink } from "#spec/progress.ts";
import { familiarName, familiarString, withTag, type Reference } from "#spec/reference.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";
import type { ContentStore } from "#store/content/contract.ts";
import type { RegistrySession } from "../session/session.ts";
import { listTags } from "./list-tags.ts";
import type { ImageGate, ImageTarget } from "../ports.ts";
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
  readonly gate: ImageGate;
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
    const { auth } = input;
    const from = (session: RegistrySession): Promise<boolean> => fromSession(shared, session, input, sink, signal);
    const isNew = await shared.registries.fromAny(reference, auth, signal, from);
    const name = familiarName(reference);
    const labels = labelsOf(shared.target, reference);
    shared.events.emit({ type: "image", action: "pull", id: familiarString(reference), attributes: { ...labels, name } });
    sink({ status: `Status: ${isNew ? "Downloaded newer image" : "Image is up to date"} for ${familiarString(reference)}` });
  } catch (error) {
    throw pullError(error, reference);
  }
}

async function fromSession(
  shared: Shared,
  session: RegistrySession,
  { reference, platform }: PullInput,
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<boolean> {
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
