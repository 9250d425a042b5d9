import { EngineError } from "#errors/engine-error.ts";
import type { Volume } from "./volume.ts";
import type { VolumeStore } from "./volume-store.ts";

/** @throws EngineError `not-found` with Docker's text. */
export function volumeNamed(store: Pick<VolumeStore, "get">, name: string): Volume {
  const volume = store.get(name);
  if (volume === undefined) throw new EngineError("not-found", `get ${name.slice(0, 255)}: no such volume`);
  return volume;
}
