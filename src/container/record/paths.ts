import { join } from "node:path";
import type { Instance } from "#spec/instance.ts";

/** Where a container's own files lie: what is kept in the data root, what a reboot may take in the exec root. */
export interface ContainerPaths {
  /** Kept files: the log's folder, hosts, hostname, resolv.conf. */
  readonly folder: string;
  readonly logs: string;
  /** The newest file of the log, which is what users are shown. */
  readonly log: string;
  readonly hosts: string;
  readonly hostname: string;
  readonly resolvConf: string;
  /** The runtime's bundle; exists from before the runtime is called until everything of the run is gone again. */
  readonly bundle: string;
  /** Mount point of /dev/shm where other containers may join it. */
  readonly sharedMemory: string;
}

export function containersFolder(instance: Instance): string {
  return join(instance.dataRoot, "containers");
}

export function bundlesFolder(instance: Instance): string {
  return join(instance.execRoot, "bundles");
}

/** @param id a container's id, never anything a client wrote. */
export function containerPaths(instance: Instance, id: string): ContainerPaths {
  const folder = join(containersFolder(instance), id);
  return {
    folder,
    logs: join(folder, "logs"),
    log: join(folder, "logs", "container.log"),
    hosts: join(folder, "hosts"),
    hostname: join(folder, "hostname"),
    resolvConf: join(folder, "resolv.conf"),
    bundle: join(bundlesFolder(instance), id),
    sharedMemory: join(folder, "shm"),
  };
}
