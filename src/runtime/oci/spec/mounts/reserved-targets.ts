import { EngineError } from "#errors/engine-error.ts";

/** A mount point, as far as its place matters. */
export interface PlacedMount {
  readonly type: "bind" | "volume" | "tmpfs" | "image";
  /** Clean absolute path in the container. */
  readonly target: string;
  /** Host path of a bind. */
  readonly source: string;
}

/** Files that lxcfs lays over the kernel's; the runtimes let them be mounted, too. */
const LXCFS = "cpuinfo diskstats loadavg meminfo slabinfo stat swaps uptime".split(" ").map((name) => `/proc/${name}`);

/**
 * Why nothing may be mounted there; undefined when it may.
 *
 * Over /proc the masks of the sandbox would be lost and the runtime would write into somebody's files (CVE-2019-16884, -19921,
 * CVE-2023-28642); in a shared volume at /dev, another container could put the file that the runtime masks with (CVE-2025-31133).
 * Someone privileged may do all of it; the host's own /dev and /sys may always be shown.
 */
function reservedTarget({ type, target, source }: PlacedMount, privileged: boolean): string | undefined {
  if (target === "/") return "destination can't be '/'";
  if (privileged) return undefined;
  if (isWithin(target, "/proc") && !(LXCFS.includes(target) && type === "bind")) return "the mount point is inside /proc";
  if (isWithin(target, "/sys/fs/cgroup")) return "the mount point is inside /sys/fs/cgroup";
  const ownsKernelFolder = target === "/dev" || target === "/sys";
  if (ownsKernelFolder && !(type === "bind" && source === target)) return `only the host's own ${target} can be mounted at ${target}`;
  return undefined;
}

/**
 * An image's own volumes (`VOLUME /dev`) may not replace what the sandbox is built from. /sys/fs/cgroup, which images with an
 * init system name, is for the privileged.
 */
export function reservedForImages(target: string, privileged: boolean): boolean {
  if (target === "/") return true;
  if (privileged && target === "/sys/fs/cgroup") return false;
  return ["/dev", "/proc", "/sys"].some((folder) => isWithin(target, folder));
}

/** @throws EngineError `invalid` naming the mount point. */
export function refuseReservedTarget(mount: PlacedMount, privileged: boolean): void {
  const reason = reservedTarget(mount, privileged);
  if (reason !== undefined) throw new EngineError("invalid", `invalid mount config for type "${mount.type}": ${mount.target}: ${reason}`);
}

export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
}
