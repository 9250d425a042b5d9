import { createHash } from "node:crypto";
import { packTar } from "../../src/lib/tar-pack.ts";

/** What goes into an image that is made from nothing: no network, no build. */
export interface SmallImage {
  /** `name:tag`. */
  readonly reference: string;
  /** Uncompressed layer tars, base first. */
  readonly layers: readonly Buffer[];
  /** The `config` part of the image configuration. */
  readonly config: object;
  readonly created?: string;
}

/** Docker architecture names of Node's. */
const ARCHITECTURE: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** One `docker load` archive of several images (the format of `docker save`: manifest.json, a configuration and the layers). */
export function dockerArchive(images: readonly SmallImage[]): Buffer {
  const files = new Map<string, Buffer>();
  const manifest = images.map((image) => {
    const layers = image.layers.map((layer) => put(files, layer, (hex) => `${hex}/layer.tar`));
    const config = put(files, configOf(image), (hex) => `${hex}.json`);
    return { Config: config, RepoTags: [image.reference], Layers: layers };
  });
  files.set("manifest.json", Buffer.from(JSON.stringify(manifest)));
  return packTar([...files].map(([name, data]) => ({ name, type: "file" as const, mode: 0o644, data })));
}

/** The image configuration file; its digest is the image's id. */
export function configOf(image: SmallImage): Buffer {
  const created = image.created ?? "2026-01-01T00:00:00Z";
  return Buffer.from(
    JSON.stringify({
      architecture: ARCHITECTURE[process.arch] ?? process.arch,
      os: "linux",
      created,
      config: image.config,
      rootfs: { type: "layers", diff_ids: image.layers.map((layer) => `sha256:${sha256(layer)}`) },
      history: image.layers.map((_, index) => ({ created, created_by: `dhow: layer ${index + 1}` })),
    }),
  );
}

function put(files: Map<string, Buffer>, data: Buffer, nameOf: (hex: string) => string): string {
  const name = nameOf(sha256(data));
  files.set(name, data);
  return name;
}

const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");
