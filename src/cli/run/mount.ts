import { EngineError } from "#errors/engine-error.ts";
import type { Mount } from "#spec/docker-api/types.ts";
import { resolve } from "node:path";
import { memory } from "./flag-values.ts";

/**
 * `--mount type=bind,source=…,target=…,readonly`: one mount as the API takes it.
 *
 * @throws EngineError `invalid` naming a key that is none.
 */
export function parseMount(value: string, currentFolder: string): Mount {
  const mount: Mount = { Type: "volume" };
  for (const part of value.split(",")) {
    const at = part.indexOf("=");
    const [key, text] = at < 0 ? [part.toLowerCase(), undefined] : [part.slice(0, at).toLowerCase(), part.slice(at + 1)];
    const set = keys[key];
    if (set === undefined) throw new EngineError("invalid", `invalid field '${key}' in --mount ${JSON.stringify(value)}`);
    set(mount, text ?? "true");
  }
  if (mount.Target === undefined) throw new EngineError("invalid", `target is required in --mount ${JSON.stringify(value)}`);
  if (mount.Type === "bind" && mount.Source !== undefined) mount.Source = resolve(currentFolder, mount.Source);
  return mount;
}

const source = (mount: Mount, text: string): void => void (mount.Source = text);
const target = (mount: Mount, text: string): void => void (mount.Target = text);
const readOnly = (mount: Mount, text: string): void => void (mount.ReadOnly = text === "true" || text === "1");

const keys: Readonly<Record<string, (mount: Mount, text: string) => void>> = {
  type: (mount, text) => void (mount.Type = text as NonNullable<Mount["Type"]>),
  source,
  src: source,
  target,
  dst: target,
  destination: target,
  readonly: readOnly,
  ro: readOnly,
  "bind-propagation": (mount, text) => void (mount.BindOptions = { ...mount.BindOptions, Propagation: text as "private" }),
  "volume-nocopy": (mount, text) => void (mount.VolumeOptions = { ...mount.VolumeOptions, NoCopy: text === "true" }),
  "volume-subpath": (mount, text) => void (mount.VolumeOptions = { ...mount.VolumeOptions, Subpath: text }),
  "tmpfs-size": (mount, text) => void (mount.TmpfsOptions = { ...mount.TmpfsOptions, SizeBytes: memory("mount", text) }),
  "tmpfs-mode": (mount, text) => void (mount.TmpfsOptions = { ...mount.TmpfsOptions, Mode: Number.parseInt(text, 8) }),
};

/** `-v`: a relative source is the user's, as with docker; a name stays one. */
export function parseVolume(value: string, currentFolder: string): { readonly bind: string } | { readonly anonymous: string } {
  const [first = "", ...rest] = value.split(":");
  if (rest.length === 0) return { anonymous: first };
  const path = first.startsWith(".") ? resolve(currentFolder, first) : first;
  return { bind: [path, ...rest].join(":") };
}
