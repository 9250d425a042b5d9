import { dockerArchive } from "./docker-archive.ts";
import { busyboxLayer, helloLayer } from "./rootfs.ts";

export const HELLO_REFERENCE = "dhow/hello:latest";

/** The starter image as a `docker load` archive, made from this host's busybox: no network is needed. */
export function helloArchive(): Buffer {
  return dockerArchive([
    {
      reference: HELLO_REFERENCE,
      layers: [busyboxLayer(), helloLayer()],
      config: {
        Cmd: ["/bin/hello"],
        Env: ["PATH=/bin:/usr/bin"],
        ExposedPorts: { "8080/tcp": {} },
        StopSignal: "SIGKILL",
        Labels: { "org.opencontainers.image.title": "dhow/hello", "org.opencontainers.image.licenses": "Apache-2.0 AND GPL-2.0-only" },
      },
    },
  ]);
}
