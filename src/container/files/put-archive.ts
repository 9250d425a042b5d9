import type { ExtractRequest } from "#store/files/contract.ts";
import type { Container } from "../record/container.ts";
import { emitContainerEvent } from "../record/container-events.ts";
import type { ContainerContext } from "../deps.ts";
import { namingContainer, withView } from "./container-view.ts";
import type { FileDeps } from "./file-deps.ts";

export interface PutArchiveRequest extends Pick<ExtractRequest, "path" | "archive" | "keepKinds"> {
  /** Everything becomes the container's user's. */
  readonly asUser: boolean;
}

export type PutArchiveDeps = FileDeps & Pick<ContainerContext, "sandbox">;

/** Unpacks an archive into a folder of a container. @throws EngineError `not-found`, `invalid`, `conflict`. */
export async function putContainerArchive(
  deps: PutArchiveDeps,
  reference: string,
  request: PutArchiveRequest,
  signal: AbortSignal,
): Promise<void> {
  const container = deps.store.find(reference);
  const { path, archive, keepKinds, asUser } = request;
  try {
    await withView(deps, container, async (view) => {
      const owner = asUser ? ownerIn(deps, container, view.root) : undefined;
      await deps.files.extract(view, { path, archive, keepKinds, owner }, signal);
    });
  } catch (error) {
    throw namingContainer(error, path, reference);
  }
  emitContainerEvent(deps.events, container, "extract-to-dir");
}

function ownerIn({ sandbox }: PutArchiveDeps, { config }: Container, root: string): ExtractRequest["owner"] {
  if (!config.User) return undefined;
  const { uid, gid } = sandbox.resolveUser(root, config.User, []);
  return { user: uid, group: gid };
}
