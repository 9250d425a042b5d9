import { EngineError } from "#errors/engine-error.ts";
import { refuseReservedTarget, reservedForImages } from "#runtime/oci/spec/mounts/reserved-targets.ts";
import { cleanPath, type MountRequest, mountRequest } from "./mount-request.ts";
import { parseBind } from "./parse-bind.ts";
import type { PlannedMount, VolumeRequest } from "./planned-mount.ts";

/** What is to stand at a target: a wish of this container, or what another one has there. */
export type Placement =
  | { readonly kind: "asked"; readonly request: MountRequest }
  | { readonly kind: "inherited"; readonly mount: PlannedMount };

/** More would be an attack: each volume is a folder and a row. */
const MOST_MOUNTS = 500;

/**
 * Decides what is mounted where, in the order of precedence: Binds and Mounts, which must not meet, over what VolumesFrom brings, over
 * Config.Volumes (the image's VOLUMEs and `-v /target`). Pure. Sorted by target.
 *
 * @throws EngineError `invalid` with Docker's texts.
 */
export function planMounts({ config, hostConfig, inherited }: VolumeRequest): Placement[] {
  const privileged = hostConfig.Privileged === true;
  const placements = new Map<string, Placement>();
  for (const mount of inherited) placements.set(mount.target, { kind: "inherited", mount });
  const tmpfs = Object.keys(hostConfig.Tmpfs ?? {}).map(cleanPath);
  const taken = new Set(tmpfs);
  for (const request of askedFor(hostConfig)) {
    if (taken.has(request.target)) throw new EngineError("invalid", `Duplicate mount point: ${request.target}`);
    taken.add(request.target);
    refuseReservedTarget({ type: request.type, target: request.target, source: request.type === "bind" ? request.source : "" }, privileged);
    placements.set(request.target, { kind: "asked", request });
  }
  for (const target of Object.keys(config.Volumes ?? {}).map(imageTarget)) {
    if (placements.has(target) || taken.has(target)) continue;
    if (reservedForImages(target, privileged))
      throw new EngineError("invalid", `invalid volume of the image: nothing can be mounted at ${target}`);
    placements.set(target, { kind: "asked", request: ownVolume(target, hostConfig.VolumeDriver) });
  }
  if (placements.size > MOST_MOUNTS) throw new EngineError("invalid", `too many mounts: ${placements.size}, the limit is ${MOST_MOUNTS}`);
  return [...placements].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, placement]) => placement);
}

function askedFor({ Binds, Mounts, VolumeDriver }: VolumeRequest["hostConfig"]): MountRequest[] {
  return [...(Binds ?? []).map((text) => parseBind(text, VolumeDriver)), ...(Mounts ?? []).map(mountRequest)];
}

function imageTarget(text: string): string {
  if (!text.startsWith("/") || text.includes("\0"))
    throw new EngineError("invalid", `invalid volume path: '${text.slice(0, 200)}' must be absolute`);
  return cleanPath(text);
}

function ownVolume(target: string, driver = ""): MountRequest {
  return {
    type: "volume",
    target,
    name: undefined,
    readOnly: false,
    mode: "",
    driver,
    driverOptions: {},
    labels: {},
    copyUp: true,
    subpath: undefined,
  };
}
