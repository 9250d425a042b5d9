import { EngineError } from "#errors/engine-error.ts";
import { canonicalName, type Reference } from "#spec/reference.ts";
import { shortId, type Image } from "../record/image.ts";
import type { ImageStore } from "../record/image-store.ts";
import type { ContainerUse } from "../ports.ts";

/** What can speak against a removal. `child` and `running` cannot be forced. The texts are Docker's: clients look for them. */
export type Conflict = "child" | "running" | "referenced" | "stopped";

export interface FoundConflict {
  readonly error: EngineError;
  /** A container has it. */
  readonly inUse: boolean;
}

/** The first of the named conflicts that there is, in Docker's order. */
export function deleteConflict(
  deps: { images: ImageStore; containers: ContainerUse },
  image: Image,
  kinds: readonly Conflict[],
): FoundConflict | undefined {
  const users = deps.containers.usersOf(image.id);
  const running = users.find((user) => user.running);
  const stopped = users.find((user) => !user.running);
  const found: Readonly<Record<Conflict, string | undefined>> = {
    child: deps.images.childrenOf(image.id).length > 0 ? "image has dependent child images" : undefined,
    running: running === undefined ? undefined : `image is being used by running container ${shortId(running.id)}`,
    referenced: image.references.length > 0 ? "image is referenced in multiple repositories" : undefined,
    stopped: stopped === undefined ? undefined : `image is being used by stopped container ${shortId(stopped.id)}`,
  };
  const kind = kinds.find((candidate) => found[candidate] !== undefined);
  if (kind === undefined) return undefined;
  const force = kind === "child" || kind === "running" ? "cannot be forced" : "must be forced";
  return {
    error: new EngineError("conflict", `conflict: unable to delete ${shortId(image.id)} (${force}) - ${found[kind]}`),
    inUse: kind === "running" || kind === "stopped",
  };
}

/** Taking its last name from an image that a container uses would leave it dangling: only by force. */
export function untagConflict(image: Image, name: string, containers: ContainerUse): EngineError | undefined {
  const [user] = isSingleReference(image.references) ? containers.usersOf(image.id) : [];
  if (user === undefined) return undefined;
  return new EngineError(
    "conflict",
    `conflict: unable to remove repository reference ${JSON.stringify(name)} (must force) - ` +
      `container ${shortId(user.id)} is using its referenced image ${shortId(image.id)}`,
  );
}

/** All of one repository, and at most one tag among them. */
export function isSingleReference(references: readonly Reference[]): boolean {
  const tags = references.filter((reference) => reference.digest === undefined);
  return references.length > 0 && tags.length <= 1 && new Set(references.map(canonicalName)).size === 1;
}
