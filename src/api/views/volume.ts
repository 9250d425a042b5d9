import type { Volume as VolumeView } from "#spec/docker-api/types.ts";
import type { Volume } from "#volume/volume.ts";

/** Maps are there and empty, never null: clients iterate over them without a look. */
export function volumeView({ name, created, labels, mountpoint }: Volume): VolumeView {
  return { CreatedAt: created, Driver: "local", Labels: labels, Mountpoint: mountpoint, Name: name, Options: {}, Scope: "local" };
}
