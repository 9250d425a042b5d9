import type { ContainerConfig, HostConfig, MountPoint } from "#spec/docker-api/types.ts";

/** Mounts that a container asks for. The container noun declares the same shapes for itself (container/ports.ts). */
export interface VolumeRequest {
  readonly containerId: string;
  readonly config: Pick<ContainerConfig, "Volumes">;
  readonly hostConfig: Pick<HostConfig, "Binds" | "Mounts" | "Tmpfs" | "Privileged" | "VolumeDriver">;
  /** Mount points of the containers named in VolumesFrom, in order, `ro` when so asked. */
  readonly inherited: readonly PlannedMount[];
}

/** A mount as it is kept with the container and made at every start. */
export interface PlannedMount {
  readonly type: "bind" | "volume" | "tmpfs";
  /** Clean absolute path in the container. */
  readonly target: string;
  /** Host path; empty for tmpfs. */
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
  /** As inspect's `Mounts` shows it. */
  readonly shown: MountPoint;
}
