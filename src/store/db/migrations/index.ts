import type { Migration } from "../database.ts";
import { images } from "./0001-images.ts";
import { containers } from "./0002-containers.ts";
import { networks } from "./0003-networks.ts";
import { volumes } from "./0004-volumes.ts";
import { events } from "./0005-events.ts";
import { health } from "./0006-health.ts";
import { compressedLayers } from "./0007-compressed-layers.ts";
import { volumeDrivers } from "./0008-volume-drivers.ts";
import { builds } from "./0009-builds.ts";
import { buildInputs } from "./0010-build-inputs.ts";
import { attestations } from "./0011-attestations.ts";

/** In order; a released one is never changed. */
export const migrations: readonly Migration[] = [
  images,
  containers,
  networks,
  volumes,
  events,
  health,
  compressedLayers,
  volumeDrivers,
  builds,
  buildInputs,
  attestations,
];
