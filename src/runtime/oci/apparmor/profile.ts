import { createHash } from "node:crypto";

/** Of every container that does not say otherwise and is not privileged, where the kernel has AppArmor. */
export const DEFAULT_PROFILE = "dhow-default";

/** What users of Docker call it. */
export const DOCKERS_PROFILE = "docker-default";

/** Programs whose own profile does not confine them, but gives them a label that is not `unconfined` (AppArmor 4). */
const OUTSIDE = ["unconfined", "crun", "runc", "conmon"];

/**
 * A second wall behind masked and read-only paths, for a container that has found a way to mount /proc or /sys anew, and against mounts
 * altogether: there is no capability that lets one of them through. Complete without the host's own files of AppArmor.
 */
export function profileText(name = DEFAULT_PROFILE): string {
  const senders = OUTSIDE.map((label) => `  signal (receive) peer=${label},`);
  return [
    `profile ${name} flags=(attach_disconnected,mediate_deleted) {`,
    "  network,",
    "  capability,",
    "  file,",
    "  unix,",
    "  umount,",
    ...senders,
    `  signal (send, receive) peer=${name},`,
    `  ptrace (trace, read, tracedby, readby) peer=${name},`,
    "",
    "  deny mount,",
    ...denied(),
    "}",
    "",
  ].join("\n");
}

/** Of /proc a container writes to its processes' folders and to what System V shared memory has; of /sys to its control groups. */
function denied(): string[] {
  return [
    "/proc/* w",
    "/proc/{[^1-9s],s[^ey]}** w",
    "/proc/sys/[^k]** w",
    "/proc/sys/k[^e]** w",
    "/proc/sys/kernel/[^s]** w",
    "/proc/sys/kernel/s[^h]** w",
    "/proc/sysrq-trigger rwklx",
    "/proc/kcore rwklx",
    "/sys/[^f]** w",
    "/sys/f[^s]** w",
    "/sys/fs/[^c]** w",
    "/sys/fs/c[^g]** w",
    "/sys/firmware/** rwklx",
    "/sys/devices/virtual/powercap/** rwklx",
    "/sys/kernel/security/** rwklx",
  ].map((rule) => `  deny ${rule},`);
}

/** Another text is another profile, which a newer engine has to load over an older one's. */
export function profileDigest(): string {
  return createHash("sha256").update(profileText()).digest("hex");
}

/**
 * The profile of a container, `unconfined` or by name; undefined where there is none to be had.
 *
 * @param asked `--security-opt apparmor=…`
 * @param usual what containers get that do not say; undefined where it is not loaded.
 */
export function profileFor(asked: string | undefined, privileged: boolean, usual: string | undefined): string | undefined {
  if (asked === DOCKERS_PROFILE && usual !== undefined) return usual;
  if (asked !== undefined) return asked;
  if (usual === undefined) return undefined;
  return privileged ? "unconfined" : usual;
}
