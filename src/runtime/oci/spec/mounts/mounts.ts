import { posix } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import type { OciMount } from "#spec/oci-runtime/spec.ts";
import type { ContainerMount, SpecInput } from "../../spec-input.ts";
import { defaultMounts } from "./default-mounts.ts";
import { INIT_IN_CONTAINER, wantsInit } from "../process/process.ts";
import type { SecurityOptions } from "../process/security-options.ts";
import { tmpfsOptions } from "./tmpfs-options.ts";

/** mount_setattr, which makes a whole tree of mounts read-only, exists since 5.12. */
const RECURSIVE_READ_ONLY = [5, 12] as const;
/** Where a read-only root still has to be written to. */
const WRITABLE_ANYWAY = ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"];

/**
 * Every mount in the order it is made: what each container has, then what was asked for, a folder before what lies in it. A mount
 * that is asked for takes the place of a default one at the same path.
 */
export function containerMounts(input: SpecInput, options: SecurityOptions): OciMount[] {
  const asked = [...input.mounts.map((mount) => askedMount(mount, input)), ...tmpfsMounts(input)].toSorted(byDepth);
  const taken = new Set(asked.map(({ destination }) => destination));
  const hasOwnDev = taken.has("/dev");
  const kept = defaultMounts(input, options).filter(
    ({ destination }) => !taken.has(destination) && !(hasOwnDev && destination.startsWith("/dev/")),
  );
  const defaults = input.hostConfig.ReadonlyRootfs === true ? kept.map(readOnlyUnlessNeeded) : kept;
  const files = [...ownFiles(input), ...initBinary(input), ...boundDevices(input)].filter(({ destination }) => !taken.has(destination));
  return [...defaults, ...files, ...asked];
}

function askedMount(mount: ContainerMount, input: SpecInput): OciMount {
  if (mount.type === "tmpfs") return tmpfs(mount.target, mount.options);
  const { sourceFlags = [], propagation } = mount;
  const [shallow, access] = [mount.options.includes("bind"), accessOptions(mount, input)];
  const kept = sourceFlags.filter((flag) => flag !== "ro" || access.length === 0);
  return {
    destination: mount.target,
    type: "bind",
    source: mount.source,
    options: [shallow ? "bind" : "rbind", ...kept, ...access, propagation === "" ? "rprivate" : propagation],
  };
}

/**
 * Read-only holds for what is mounted below as well, unless the user asked for the top alone (`ro` among the options). Nothing is said of
 * a writable one: with `rw` the runtimes would make a mount writable that is read-only on the host.
 */
function accessOptions({ readOnly, options }: ContainerMount, { host }: SpecInput): string[] {
  if (!readOnly) return [];
  const [major, minor] = host.kernel;
  const recursive = major > RECURSIVE_READ_ONLY[0] || (major === RECURSIVE_READ_ONLY[0] && minor >= RECURSIVE_READ_ONLY[1]);
  if (!recursive && options.includes("rro")) {
    throw new EngineError("invalid", `a recursively read-only mount needs Linux ${RECURSIVE_READ_ONLY.join(".")} or newer`);
  }
  return [recursive && !options.includes("ro") ? "rro" : "ro"];
}

function tmpfsMounts(input: SpecInput): OciMount[] {
  const asked = Object.entries(input.tmpfs ?? input.hostConfig.Tmpfs ?? {});
  return asked.map(([target, options]) => tmpfs(posix.resolve("/", target), options.split(",")));
}

function tmpfs(destination: string, options: readonly string[]): OciMount {
  return { destination, type: "tmpfs", source: "tmpfs", options: tmpfsOptions(options) };
}

/** Bound over files of the root that are known to be regular (prepare-rootfs.ts). */
function ownFiles({ files, hostConfig }: SpecInput): OciMount[] {
  const access = hostConfig.ReadonlyRootfs === true ? "ro" : "rw";
  return [
    ["/etc/resolv.conf", files.resolvConf],
    ["/etc/hostname", files.hostname],
    ["/etc/hosts", files.hosts],
  ].map(([destination = "", source = ""]) => ({ destination, type: "bind", source, options: ["rbind", access, "rprivate"] }));
}

function initBinary(input: SpecInput): OciMount[] {
  if (!wantsInit(input) || input.initPath === undefined) return [];
  return [{ destination: INIT_IN_CONTAINER, type: "bind", source: input.initPath, options: ["bind", "ro"] }];
}

/** A remapped root may make no nodes: the host's are shown instead, with the owners and modes that they have there. */
function boundDevices({ userNamespace, devices }: SpecInput): OciMount[] {
  if (userNamespace === undefined) return [];
  return (devices?.nodes ?? []).map(({ path, source }) => ({
    destination: path,
    type: "bind",
    source,
    options: ["bind", "rw", "rprivate", "nosuid", "noexec"],
  }));
}

function readOnlyUnlessNeeded(mount: OciMount): OciMount {
  const options = mount.options ?? [];
  return WRITABLE_ANYWAY.includes(mount.destination) || options.includes("ro") ? mount : { ...mount, options: [...options, "ro"] };
}

function byDepth(a: OciMount, b: OciMount): number {
  return depth(a) - depth(b) || (a.destination < b.destination ? -1 : 1);
}

function depth({ destination }: OciMount): number {
  return destination.split("/").filter((part) => part !== "").length;
}
