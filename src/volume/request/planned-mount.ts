import type { BindOwner } from "../deps.ts";
import type { Owner } from "#lib/id-mapping.ts";
import type { ContainerConfig, HostConfig, MountPoint } from "#spec/docker-api/types.ts";

/** Mounts that a container asks for. The container noun declares the same shapes for itself (container/ports.ts). */
export interface VolumeRequest {
  readonly containerId: string;
  readonly config: Pick<ContainerConfig, "Volumes">;
  readonly hostConfig: Pick<HostConfig, "Binds" | "Mounts" | "Tmpfs" | "Privileged" | "VolumeDriver">;
  /** Whose files in its binds are, where a bind does not say it; undefined: the daemon's default. */
  readonly bindOwner?: BindOwner | undefined;
  /** Mount points of the containers named in VolumesFrom, in order, `ro` when so asked. */
  readonly inherited: readonly PlannedMount[];
}

/** What a start, or a look at a container's files, needs to have at hand. */
export interface PrepareRequest {
  readonly container: string;
  /** Who is going to give it back: the container's id for its run. */
  readonly holder: string;
  /** The mounted root; nothing of the container runs. */
  readonly rootfs: string;
  readonly mounts: readonly PlannedMount[];
  /** The container's user as the host sees him; asked for where it matters. */
  readonly user: () => Owner;
}

/** A mount as it is kept with the container and made at every start. */
export interface PlannedMount {
  readonly type: "bind" | "volume" | "tmpfs" | "image";
  /** Clean absolute path in the container. */
  readonly target: string;
  /** Host path; empty for tmpfs, and for what is nowhere until it is mounted. */
  readonly source: string;
  readonly volumeName: string | undefined;
  readonly readOnly: boolean;
  /** `rprivate`, `rslave`, … for binds. */
  readonly propagation: string;
  /** Offer the image's content to an empty volume. */
  readonly copyUp: boolean;
  /** `bind` or `rbind`, and `ro` where only the top of a read-only bind is meant; options of a tmpfs. */
  readonly options: readonly string[];
  /** Make the folder of a bind when it is missing at a start, as `-v` does. */
  readonly createSource?: boolean | undefined;
  /** The part of the volume, or of the image, that is meant; without a slash at its ends. */
  readonly subpath?: string | undefined;
  /** Of a bind: files belong to its folder's owner on the host; `required` when it was asked for by name, `wanted` by default. */
  readonly ownerMapping?: "required" | "wanted" | undefined;
  /** Restrictions that its source has on the host: `ro`, `nosuid`, `nodev`, `noexec`. Known at a start. */
  readonly sourceFlags?: readonly string[] | undefined;
  /** As inspect's `Mounts` shows it. */
  readonly shown: MountPoint;
}
