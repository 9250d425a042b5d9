import type { Volume as VolumeView } from "#spec/docker-api/types.ts";
import type { Volume } from "#volume/volume.ts";

/** Maps are there and empty, never null: clients iterate over them without a look. */
export function volumeView({ name, created, labels, mountpoint, driver, options, scope, status }: Volume): VolumeView {
  return {
    CreatedAt: created,
    Driver: driver,
    Labels: labels,
    Mountpoint: mountpoint,
    Name: name,
    Options: options,
    Scope: scope,
    ...(status === undefined ? {} : { Status: status as NonNullable<VolumeView["Status"]> }),
  };
}
