import { chown, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import type { Owner } from "#lib/id-mapping.ts";
import type { ContainerPaths } from "../../record/paths.ts";
import type { NetworkSandbox } from "../../ports.ts";

/** Where a host keeps what a container in its network namespace gets a copy of. A copy: root in there may write to it. */
const HOST_FILES = { hosts: "/etc/hosts", resolvConf: "/etc/resolv.conf" };

/**
 * Makes the folders of a run; the bundle's comes out empty, whatever a run that ended badly left in it.
 *
 * @param remapped containers have other users than the host: their runtimes have to pass through to their files.
 */
export async function prepareFolders(paths: ContainerPaths, remapped: boolean): Promise<void> {
  const makeBundle = async (): Promise<void> => {
    await rm(paths.bundle, { recursive: true, force: true });
    await mkdir(paths.bundle, { recursive: true, mode: 0o700 });
  };
  await Promise.all([makeBundle(), mkdir(paths.folder, { recursive: true, mode: remapped ? 0o711 : 0o710 })]);
}

/** Writes hosts, hostname and resolv.conf, in place: containers that share them hold them by bind mount. */
export async function writeContainerFiles(
  paths: ContainerPaths,
  hostname: string,
  files: NetworkSandbox["files"],
  owner: Owner | undefined,
): Promise<void> {
  const contents = files ?? { hosts: await readOptional(HOST_FILES.hosts), resolvConf: await readOptional(HOST_FILES.resolvConf) };
  await Promise.all([
    writeFile(paths.hostname, `${hostname}\n`, { mode: 0o644 }),
    writeFile(paths.hosts, contents.hosts, { mode: 0o644 }),
    writeFile(paths.resolvConf, contents.resolvConf, { mode: 0o644 }),
  ]);
  // They are the container's root's to change.
  if (owner === undefined) return;
  await Promise.all([paths.hostname, paths.hosts, paths.resolvConf].map((path) => chown(path, owner.uid, owner.gid)));
}

async function readOptional(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}
