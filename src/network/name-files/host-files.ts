import { readFile } from "node:fs/promises";
import { isLoopbackServer, parseResolvConf } from "./resolv-conf.ts";

/** The host's own name files, as they are now. */
export interface HostFiles {
  readonly hosts: string;
  readonly resolvConf: string;
}

export interface HostFilePaths {
  readonly hosts: string;
  readonly resolvConf: string;
  /** What systemd-resolved keeps beside /etc/resolv.conf, which names only its own stub on loopback. */
  readonly upstreamResolvConf: string;
}

export const HOST_FILES: HostFilePaths = {
  hosts: "/etc/hosts",
  resolvConf: "/etc/resolv.conf",
  upstreamResolvConf: "/run/systemd/resolve/resolv.conf",
};

/**
 * Reads them; a file that is missing is empty.
 *
 * @param shared the container shares the host's network, and with it the host's loopback: its resolv.conf is taken as it is.
 */
export async function readHostFiles(paths: HostFilePaths, shared: boolean): Promise<HostFiles> {
  const [hosts, resolvConf] = await Promise.all([readOrEmpty(paths.hosts), readOrEmpty(paths.resolvConf)]);
  const { servers } = parseResolvConf(resolvConf);
  if (shared || servers.length === 0 || !servers.every(isLoopbackServer)) return { hosts, resolvConf };
  const upstream = await readOrEmpty(paths.upstreamResolvConf);
  return { hosts, resolvConf: upstream === "" ? resolvConf : upstream };
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
