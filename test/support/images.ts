import { dockerArchive, type SmallImage } from "../../scripts/hello/docker-archive.ts";
import { busyboxLayer } from "../../scripts/hello/rootfs.ts";
import { packTar, type TarEntry } from "#lib/tar-pack.ts";

export const BUSYBOX = "test/busybox:latest";

/** A `docker load` archive with one busybox image, `test/busybox:latest`, whose default command is a shell. */
export function busyboxArchive(): Buffer {
  return dockerArchive([busyboxImage()]);
}

/** Busybox with more layers on top and another configuration. */
export function imageArchive(reference: string, config: object, ...layers: readonly TarEntry[][]): Buffer {
  return dockerArchive([
    {
      reference,
      layers: [busyboxLayer(), ...layers.map((entries) => packTar(entries))],
      config: { Env: ["PATH=/bin:/usr/bin"], ...config },
    },
  ]);
}

export function busyboxImage(reference = BUSYBOX): SmallImage {
  return { reference, layers: [busyboxLayer()], config: { Cmd: ["sh"], Env: ["PATH=/bin:/usr/bin"] } };
}
