import type { OciMount } from "#spec/oci-runtime/spec.ts";
import type { SpecInput } from "../../spec-input.ts";
import { ipcMode } from "../modes.ts";
import type { SecurityOptions } from "../process/security-options.ts";

const UNTRUSTED = ["nosuid", "noexec", "nodev"];

/** What every container sees of the kernel: /proc, /dev, /sys and the shared memory of its IPC name space. */
export function defaultMounts(input: SpecInput, options: SecurityOptions): OciMount[] {
  const privileged = input.hostConfig.Privileged === true;
  return [
    { destination: "/proc", type: "proc", source: "proc", options: UNTRUSTED },
    { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755", "size=65536k"] },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: [...UNTRUSTED, ...(privileged ? [] : ["ro"])] },
    ...controlGroups(input, privileged || options.writableCgroups),
    // Shows the queues of the IPC name space it is mounted in, the host's with `--ipc host`.
    ...messageQueues(input),
    ...sharedMemory(input),
  ];
}

/** Over the v1 hierarchies the runtimes lay a tmpfs that they leave writable. Only these two are known to take the remount. */
function controlGroups({ host }: SpecInput, writable: boolean): OciMount[] {
  const destination = "/sys/fs/cgroup";
  const groups = { destination, type: "cgroup", source: "cgroup", options: [...UNTRUSTED, ...(writable ? [] : ["ro"])] };
  if (writable || host.cgroup === "v2" || !["crun", "runc"].includes(host.runtime)) return [groups];
  return [groups, { destination, type: "tmpfs", source: "tmpfs", options: ["remount", "ro", ...UNTRUSTED, "mode=755"] }];
}

/** A remapped root has no rights over the host's IPC namespace: its queues cannot be mounted, and the system calls do without. */
function messageQueues({ hostConfig, userNamespace }: SpecInput): OciMount[] {
  if (userNamespace !== undefined && ipcMode(hostConfig.IpcMode)?.kind === "host") return [];
  return [{ destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: UNTRUSTED }];
}

/** The host's, another container's, one that others may join, or one of its own; none at all with `--ipc none`. */
function sharedMemory({ hostConfig, shmPath, defaults }: SpecInput): OciMount[] {
  const destination = "/dev/shm";
  const mode = ipcMode(hostConfig.IpcMode)?.kind;
  if (mode === "none") return [];
  const source = mode === "host" ? destination : shmPath;
  if (source !== undefined) return [{ destination, type: "bind", source, options: ["rbind", ...UNTRUSTED, "rprivate"] }];
  const size = (hostConfig.ShmSize ?? 0) > 0 ? hostConfig.ShmSize : defaults.shmSize;
  return [{ destination, type: "tmpfs", source: "shm", options: [...UNTRUSTED, "mode=1777", `size=${size}`] }];
}
