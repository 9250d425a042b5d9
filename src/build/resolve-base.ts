import { EngineError, isEngineError } from "#errors/engine-error.ts";
import { formatPlatform, type Platform } from "#spec/platform.ts";
import { parseImageName, withDefaultTag } from "#spec/reference.ts";
import type { BuildInput, BuildSink } from "./build-input.ts";
import type { BaseImage } from "./plan/plan.ts";
import type { BasePuller, BuildImages } from "./ports.ts";

export interface BaseDeps {
  readonly images: Pick<BuildImages, "find">;
  readonly puller: BasePuller;
  readonly input: Pick<BuildInput, "pull" | "authFor" | "platform">;
  readonly sink: BuildSink;
}

/**
 * Finds an image that a Dockerfile names, and pulls it where it is missing, or the client wants the newest.
 *
 * @throws EngineError with dockerd's texts.
 */
export async function resolveBase(deps: BaseDeps, reference: string, platform: Platform, signal: AbortSignal): Promise<BaseImage> {
  const name = parseImageName(reference);
  if (name.kind === "id") return find(deps, reference, platform);
  const here = deps.input.pull ? undefined : tryFind(deps, reference, platform);
  if (here !== undefined) return here;
  const tagged = withDefaultTag(name.reference);
  const auth = deps.input.authFor(tagged.domain);
  await deps.puller.pull({ reference: tagged, platform, auth }, (line) => deps.sink.push(line), signal);
  return find(deps, reference, platform);
}

function tryFind(deps: BaseDeps, reference: string, platform: Platform): BaseImage | undefined {
  try {
    return find(deps, reference, platform);
  } catch (error) {
    if (isEngineError(error, "not-found")) return undefined;
    throw error;
  }
}

/** An image that is for another platform is none, unless a registry has nothing else: then the pull says so. */
function find({ images }: BaseDeps, reference: string, platform: Platform): BaseImage {
  const { id, config } = images.find(reference, platform);
  if (config.os !== "linux") throw new EngineError("invalid", `${reference} is for ${formatPlatform({ ...platform, os: config.os })}`);
  return { id, config };
}
