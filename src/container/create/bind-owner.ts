import { EngineError } from "#errors/engine-error.ts";
import { engineLabels } from "./engine-labels.ts";

/**
 * Whose files in a container's binds are: `auto` for the folder's owner on the host, `container` for whoever makes them; undefined when its
 * labels do not say.
 *
 * @throws EngineError `invalid`.
 */
export function bindOwnerOf(labels: Readonly<Record<string, string>>): "auto" | "container" | undefined {
  const value = labels[engineLabels.bindOwner];
  if (value === undefined || value === "auto" || value === "container") return value;
  throw new EngineError("invalid", `invalid label ${engineLabels.bindOwner}=${value.slice(0, 80)}: use "auto" or "container"`);
}
