import { statSync } from "node:fs";
import { posix } from "node:path";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { ContainerConfig, HostConfig } from "#spec/docker-api/types.ts";
import { SystemCallError } from "#sys/ffi.ts";
import { RootFolder } from "#sys/files/in-root.ts";
import type { ContainerMount } from "../../spec-input.ts";
import { INIT_IN_CONTAINER, workingFolder } from "../process/process.ts";
import { isWithin, type PlacedMount, refuseReservedTarget } from "./reserved-targets.ts";

/** What the runtimes mount over, and the folders they write into while they do. */
const FOLDERS = ["/dev/pts", "/dev/shm", "/dev/mqueue", "/proc", "/sys/fs/cgroup"];
/** `/.dockerenv` is how programs tell that they are in a container. */
const FILES = ["/dev/console", "/etc/resolv.conf", "/etc/hosts", "/etc/hostname", "/.dockerenv"];
/** Mounts of the kernel's: a working folder in them is theirs to have, and `/proc/self/fd/7` must not come to exist (CVE-2024-21626). */
const KERNEL_FOLDERS = ["/dev", "/proc", "/sys"];

export interface RootRequest<M extends ContainerMount> {
  /** Absolute path of the mounted root; no process of the container runs. */
  readonly rootfs: string;
  readonly config: Pick<ContainerConfig, "WorkingDir">;
  readonly hostConfig: Pick<HostConfig, "Privileged" | "Tmpfs">;
  readonly mounts: readonly M[];
  readonly initPath?: string | undefined;
}

/** What goes on into `SpecInput`. */
export interface PreparedRoot<M extends ContainerMount> {
  readonly mounts: readonly M[];
  readonly tmpfs: Readonly<Record<string, string>>;
}

/**
 * Makes a root safe to start in, before any runtime touches it, and returns the mounts with the paths that their targets really
 * have. The distributions' runtimes follow links of the image when they set up /dev and mount points (CVE-2026-41579: runc 1.1.5
 * makes device links in a host folder), so that the places they use are made real here, inside the root, and every link on the way to
 * a target is followed here.
 *
 * @throws EngineError `invalid` for a mount that a link of the image would put over /proc or the like.
 */
export function prepareRootfs<M extends ContainerMount>(request: RootRequest<M>): PreparedRoot<M> {
  const { rootfs, config, hostConfig, mounts, initPath } = request;
  using root = new RootFolder(rootfs);
  for (const folder of FOLDERS) force(folder, () => root.forceFolder(folder));
  for (const file of [...FILES, ...(initPath === undefined ? [] : [INIT_IN_CONTAINER])]) force(file, () => root.forceFile(file));
  const privileged = hostConfig.Privileged === true;
  const placed = placeMounts(root, mounts, privileged);
  const tmpfs = Object.entries(hostConfig.Tmpfs ?? {}).map(([target, options]) => {
    const [mount] = placeMounts(root, [{ type: "tmpfs", target: cleanPath(target), source: "", options: options.split(",") }], privileged);
    return [mount?.target ?? target, options] as const;
  });
  makeWorkingFolder(root, workingFolder(config), [...placed.map(({ target }) => target), ...tmpfs.map(([target]) => target)]);
  return { mounts: placed, tmpfs: Object.fromEntries(tmpfs) };
}

function force(path: string, make: () => void): void {
  try {
    make();
  } catch (cause) {
    throw new EngineError("invalid", `${path} of the image is in the way: ${messageOf(cause)}`, { cause });
  }
}

/** Parents before children: what lies in another mount is made by the runtime, in that mount. */
interface MountToPlace extends PlacedMount {
  readonly options: readonly string[];
}

function placeMounts<M extends MountToPlace>(root: RootFolder, mounts: readonly M[], privileged: boolean): M[] {
  const placed: M[] = [];
  for (const mount of mounts.toSorted((a, b) => a.target.length - b.target.length)) {
    const hidden = placed.some(({ target }) => isWithin(mount.target, target)) || isInKernelFolder(mount.target);
    const target = hidden ? mount.target : makeTarget(root, mount);
    const moved = { ...mount, target, options: optionsOf(mount) };
    refuseReservedTarget(moved, privileged);
    placed.push(moved);
  }
  return placed;
}

/** Nothing is mounted below a file, and crun 1.8 cannot make one read-only together with what is (it opens it as a folder). */
function optionsOf({ type, source, options }: MountToPlace): readonly string[] {
  return type === "bind" && isFile(source) ? [...options, "ro"] : options;
}

function makeTarget(root: RootFolder, mount: MountToPlace): string {
  try {
    if (mount.type === "tmpfs") return makeTmpfsTarget(root, mount);
    return isFile(mount.source) ? root.makeFile(mount.target) : root.makeFolders(mount.target);
  } catch (cause) {
    if (!(cause instanceof SystemCallError)) throw cause;
    const reason = cause.code === "ENOTDIR" ? "not a directory" : cause.message;
    throw new EngineError("invalid", `cannot mount volume over existing file, file exists ${mount.target}: ${reason}`, { cause });
  }
}

/** runc gives a tmpfs the mode that the folder below it has, whatever the options say. */
function makeTmpfsTarget(root: RootFolder, { target, options }: MountToPlace): string {
  if (root.realpath(target) !== undefined) return root.makeFolders(target);
  const made = root.makeFolders(target);
  const mode = options.findLast((option) => option.startsWith("mode="))?.slice("mode=".length) ?? "1777";
  root.chmod(made, Number.parseInt(mode, 8));
  return made;
}

/** As root, for whoever the user is: Docker's way. Where it lies in a mount, the runtime makes it. */
function makeWorkingFolder(root: RootFolder, path: string, mounted: readonly string[]): void {
  if (mounted.some((target) => isWithin(path, target)) || isInKernelFolder(path)) return;
  try {
    root.makeFolders(path);
  } catch (cause) {
    throw new EngineError("invalid", `Cannot mkdir: ${path} is not a directory`, { cause });
  }
}

function isInKernelFolder(path: string): boolean {
  return KERNEL_FOLDERS.some((folder) => isWithin(path, folder));
}

function cleanPath(path: string): string {
  return posix.resolve("/", path);
}

function isFile(hostPath: string): boolean {
  return statSync(hostPath, { throwIfNoEntry: false })?.isDirectory() === false;
}
