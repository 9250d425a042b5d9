import { EngineError } from "#errors/engine-error.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import type { SpecInput } from "../spec-input.ts";
import { ipcMode } from "./modes.ts";
import { hasOwnUts } from "./namespaces.ts";

/** Everything else is the whole host's, and writing it from a container's start would be a way out (CVE-2022-0811). */
const IPC_NAMES = [
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.sem",
  "kernel.shmall",
  "kernel.shmmax",
  "kernel.shmmni",
  "kernel.shm_rmid_forced",
];
const IPC_PREFIX = "fs.mqueue.";
const NET_PREFIX = "net.";
/** Parts between dots or slashes; never empty and never `..`, for the runtime makes a path of it. */
const NAME = /^[a-z0-9_-]+([./][a-z0-9_:@+-]+)+$/i;
const LONGEST_VALUE = 4096;

/** In a network of its own, ports below 1024 and ping need no capability, so that both still work without NET_BIND_SERVICE and NET_RAW. */
const OWN_NETWORK = { "net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647" };

export function containerSysctls(input: SpecInput): Record<string, string> {
  const { config, hostConfig, netns, userNamespace } = input;
  // A remapped root may not name groups that it does not have; the network noun has set both by then.
  const ownNetwork = netns !== undefined && userNamespace === undefined && !(hostConfig.NetworkMode ?? "").startsWith("container:");
  const domain = config.Domainname ?? "";
  return {
    ...(ownNetwork ? OWN_NETWORK : {}),
    // runc before 1.2 has no `domainname`.
    ...(domain === "" || !hasOwnUts(input) || userNamespace !== undefined ? {} : { "kernel.domainname": domain }),
    ...hostConfig.Sysctls,
  };
}

/** @throws EngineError `invalid` for a name that does not belong to a name space, or belongs to one that the container shares with the host. */
export function validateSysctls({ Sysctls, NetworkMode, IpcMode }: Pick<HostConfig, "Sysctls" | "NetworkMode" | "IpcMode">): void {
  for (const [name, value] of Object.entries(Sysctls ?? {})) {
    const refuse = (reason: string): EngineError => new EngineError("invalid", `sysctl '${name}=${value}' is not allowed: ${reason}`);
    if (!NAME.test(name)) throw refuse("not a sysctl's name");
    if (value.length > LONGEST_VALUE || value.includes("\0")) throw refuse("the value is too long or holds a NUL");
    const dotted = name.replaceAll("/", ".");
    const isIpc = IPC_NAMES.includes(dotted) || dotted.startsWith(IPC_PREFIX);
    if (!isIpc && !dotted.startsWith(NET_PREFIX)) throw refuse("it is not in a name space of the container's own");
    if (isIpc && ipcMode(IpcMode)?.kind === "host") throw refuse("the container is in the host's IPC name space");
    if (!isIpc && NetworkMode === "host") throw refuse("the container is in the host's network name space");
  }
}
