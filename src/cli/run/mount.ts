import { resolve } from "node:path";
import type { Mount } from "#spec/docker-api/types.ts";
import { invalid } from "../arguments/flag.ts";
import { memory } from "./flag-values.ts";

/** A mount, once it is known where relative paths begin. */
export type MountIn = (currentFolder: string) => Mount;

const TYPES = ["bind", "volume", "tmpfs", "image", "npipe", "cluster"] as const;

/** `--mount type=bind,source=…,target=…,readonly`: one mount as the API takes it. */
export function parseMount(text: string): MountIn {
  const mount: Mount = { Type: "volume" };
  for (const part of text.split(",")) {
    const at = part.indexOf("=");
    const key = (at < 0 ? part : part.slice(0, at)).toLowerCase();
    const set = keys[key] ?? invalid(`unknown field '${key}'`);
    if (at < 0 && set !== readOnly && set !== noCopy) invalid(`field '${key}' must be a key=value pair`);
    set(mount, at < 0 ? "true" : part.slice(at + 1));
  }
  if (mount.Target === undefined) invalid("target is required");
  return (currentFolder) =>
    mount.Type === "bind" && mount.Source !== undefined ? { ...mount, Source: resolve(currentFolder, mount.Source) } : mount;
}

type Set = (mount: Mount, text: string) => void;

const source: Set = (mount, text) => void (mount.Source = text);
const target: Set = (mount, text) => void (mount.Target = text);
const readOnly: Set = (mount, text) => void (mount.ReadOnly = isTrue(text));
const noCopy: Set = (mount, text) => void (mount.VolumeOptions = { ...mount.VolumeOptions, NoCopy: isTrue(text) });

const isTrue = (text: string): boolean =>
  /^(true|1)$/i.test(text) ? true : /^(false|0)$/i.test(text) ? false : invalid("must be true or false");

const keys: Readonly<Record<string, Set>> = {
  type: (mount, text) => void (mount.Type = TYPES.find((type) => type === text.toLowerCase()) ?? invalid(`unknown type '${text}'`)),
  source,
  src: source,
  target,
  dst: target,
  destination: target,
  readonly: readOnly,
  ro: readOnly,
  consistency: (mount, text) => void (mount.Consistency = text as NonNullable<Mount["Consistency"]>),
  "bind-propagation": (mount, text) => void (mount.BindOptions = { ...mount.BindOptions, Propagation: text as "private" }),
  "volume-driver": (mount, text) =>
    void (mount.VolumeOptions = { ...mount.VolumeOptions, DriverConfig: { ...mount.VolumeOptions?.DriverConfig, Name: text } }),
  "volume-nocopy": noCopy,
  "volume-subpath": (mount, text) => void (mount.VolumeOptions = { ...mount.VolumeOptions, Subpath: text }),
  "image-subpath": (mount, text) => void (mount.ImageOptions = { ...mount.ImageOptions, Subpath: text }),
  "tmpfs-size": (mount, text) => void (mount.TmpfsOptions = { ...mount.TmpfsOptions, SizeBytes: memory(text) }),
  "tmpfs-mode": (mount, text) =>
    void (mount.TmpfsOptions = {
      ...mount.TmpfsOptions,
      Mode: /^[0-7]{1,4}$/.test(text) ? Number.parseInt(text, 8) : invalid("tmpfs-mode must be octal"),
    }),
};

/** `-v`: a relative source is the user's, as with docker; a name stays one. */
export function parseVolume(text: string, currentFolder: string): { readonly bind: string } | { readonly anonymous: string } {
  const [first = "", ...rest] = text.split(":");
  if (rest.length === 0) return { anonymous: first };
  const path = first === "." || first.startsWith("./") || first.startsWith("../") || first === ".." ? resolve(currentFolder, first) : first;
  return { bind: [path, ...rest].join(":") };
}
