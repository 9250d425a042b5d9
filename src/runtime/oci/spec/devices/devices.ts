import { EngineError } from "#errors/engine-error.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import type { OciDevice, OciResources } from "#spec/oci-runtime/spec.ts";
import type { HostDevices, SpecInput } from "../../spec-input.ts";

type DeviceRule = NonNullable<OciResources["devices"]>[number];

/** null, zero, full, random, urandom, tty, console, ptmx and the terminals of /dev/pts. */
const ALLOWED: readonly (readonly [number, number | undefined])[] = [
  [1, 3],
  [1, 5],
  [1, 7],
  [1, 8],
  [1, 9],
  [5, 0],
  [5, 1],
  [5, 2],
  [136, undefined],
];
/** tun, which some runtimes allow by themselves, and fuse, which they should not. */
const REFUSED: readonly (readonly [number, number])[] = [
  [10, 200],
  [10, 229],
];
const RULE = /^([acb]) (\d{1,9}|\*):(\d{1,9}|\*) ([rwm]{1,3})$/;

/**
 * What the devices cgroup lets through, later rules over earlier ones. Nodes may be made of any number (so that images with device
 * files can be unpacked inside), but only the listed ones can be opened.
 */
export function deviceRules({ Privileged, DeviceCgroupRules }: HostConfig, devices: HostDevices | undefined): DeviceRule[] {
  if (Privileged === true) return [{ allow: true, access: "rwm" }];
  const nodes = devices?.nodes ?? [];
  return [
    { allow: false, access: "rwm" },
    { allow: true, type: "c", access: "m" },
    { allow: true, type: "b", access: "m" },
    ...ALLOWED.map(([major, minor]) => ({
      allow: true,
      type: "c" as const,
      major,
      ...(minor === undefined ? {} : { minor }),
      access: "rwm",
    })),
    ...REFUSED.map(([major, minor]) => ({ allow: false, type: "c" as const, major, minor, access: "rw" })),
    ...nodes.map(({ type, major, minor, access }) => ({ allow: true, type, major, minor, access })),
    ...(DeviceCgroupRules ?? []).map(parseDeviceRule),
  ];
}

/** Nodes to make beside those that every runtime makes. */
export function deviceNodes({ hostConfig, devices, user }: Pick<SpecInput, "hostConfig" | "devices" | "user">): OciDevice[] {
  const { Privileged, Devices = [], DeviceRequests = [] } = hostConfig;
  const asked = Privileged === true || Devices.length > 0 || DeviceRequests.length > 0;
  if (asked && devices === undefined) throw new EngineError("system", "the host's devices were not looked up");
  return (devices?.nodes ?? []).map(({ path, type, major, minor, fileMode, uid = user.uid, gid = user.gid }) => ({
    path,
    type,
    major,
    minor,
    fileMode,
    uid,
    gid,
  }));
}

/**
 * What a driver writes to `devices.deny` of a v1 group after the runtime has made it, and before the container starts: runc before 1.2
 * allows tun behind all rules of the spec, and takes none that would undo it. What the rules themselves let through stays.
 */
export function deviceDenials(rules: readonly DeviceRule[]): string[] {
  return REFUSED.flatMap(([major, minor]) => {
    const decides = (access: string): DeviceRule | undefined => rules.findLast((rule) => concerns(rule, major, minor, access));
    const refused = ["r", "w"].filter((access) => decides(access)?.allow === false).join("");
    // Nodes of every number may be made (`deviceRules`): the right to make this one is taken along with the rest.
    return refused === "" ? [] : [`c ${major}:${minor} ${refused === "rw" ? "rwm" : refused}`];
  });
}

function concerns(
  { type = "a", major: ruleMajor, minor: ruleMinor, access = "" }: DeviceRule,
  major: number,
  minor: number,
  wanted: string,
): boolean {
  return type !== "b" && (ruleMajor ?? major) === major && (ruleMinor ?? minor) === minor && access.includes(wanted);
}

/** `c 10:200 rwm`. @throws EngineError `invalid` with Docker's text. */
export function parseDeviceRule(text: string): DeviceRule {
  const match = RULE.exec(text);
  if (match === null) throw new EngineError("invalid", `invalid device cgroup rule format: '${text}'`);
  const [, type, major, minor, access = ""] = match;
  return {
    allow: true,
    type: type as "a" | "b" | "c",
    ...(major === "*" ? {} : { major: Number(major) }),
    ...(minor === "*" ? {} : { minor: Number(minor) }),
    access,
  };
}
