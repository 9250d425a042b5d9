import type { ContainerConfig } from "#spec/docker-api/types.ts";
import type { Digest } from "#spec/digest.ts";
import type { HistoryEntry, ImageConfigFile, ImageRunConfig } from "#spec/oci-image/types.ts";

/** What a container makes of the image that it was made from. */
export interface ChildImage {
  readonly created: Date;
  readonly author: string;
  readonly comment: string;
  /** How containers of it run. */
  readonly config: ImageRunConfig;
  /** The container, as it was. */
  readonly container: string;
  readonly containerConfig: ContainerConfig;
  /** Undefined when nothing was changed. */
  readonly diffId: Digest | undefined;
  readonly engineVersion: string;
}

/**
 * The configuration file of a committed image. Its history entry names the container's command, and the container's own configuration
 * stands beside: clients before API 1.45 are shown it.
 */
export function childImageConfig(parent: ImageConfigFile, child: ChildImage): ImageConfigFile {
  const created = child.created.toISOString();
  const { author, comment, diffId } = child;
  const entry: HistoryEntry = {
    created,
    created_by: (child.containerConfig.Cmd ?? []).join(" "),
    ...(author === "" ? {} : { author }),
    ...(comment === "" ? {} : { comment }),
    ...(diffId === undefined ? { empty_layer: true } : {}),
  };
  const { architecture, os, variant } = parent;
  const version = parent["os.version"];
  return {
    created,
    ...(author === "" ? {} : { author }),
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    ...(version === undefined ? {} : { "os.version": version }),
    config: child.config,
    container: child.container,
    container_config: child.containerConfig,
    docker_version: child.engineVersion,
    rootfs: { type: "layers", diff_ids: [...parent.rootfs.diff_ids, ...(diffId === undefined ? [] : [diffId])] },
    history: [...(parent.history ?? []), entry],
  };
}
