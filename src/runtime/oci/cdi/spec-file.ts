import { posix } from "node:path";
import type { OciHook, OciHooks, OciIntelRdt } from "#spec/oci-runtime/spec.ts";

/**
 * What a CDI specification adds to a container that gets one of its devices. Source: Container Device Interface 1.1, SPEC.md
 * ("containerEdits").
 */
export interface CdiEdits {
  readonly env: readonly string[];
  readonly deviceNodes: readonly CdiDeviceNode[];
  readonly mounts: readonly CdiMount[];
  readonly hooks: Readonly<OciHooks>;
  readonly additionalGids: readonly number[];
  readonly intelRdt?: OciIntelRdt | undefined;
}

/** Numbers and mode that are left out are those that the node has on the host. */
export interface CdiDeviceNode {
  readonly path: string;
  readonly hostPath: string;
  /** Out of `r`, `w` and `m`. */
  readonly permissions: string;
  readonly fileMode?: number | undefined;
  /** Left out: the user that the container runs as. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

export interface CdiMount {
  readonly type: "bind" | "tmpfs";
  readonly hostPath: string;
  readonly containerPath: string;
  readonly options: readonly string[];
}

/** One file of /etc/cdi: devices of one kind. */
export interface CdiSpec {
  /** `vendor.com/class`. */
  readonly kind: string;
  /** By name. */
  readonly devices: ReadonlyMap<string, CdiEdits>;
  /** For whoever gets any of them. */
  readonly edits: CdiEdits;
}

const NO_EDITS: CdiEdits = { env: [], deviceNodes: [], mounts: [], hooks: {}, additionalGids: [] };

const VERSIONS = ["0.1.0", "0.2.0", "0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0", "1.0.0", "1.1.0"];
const KIND = /^[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?\/[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9])?$/;
const DEVICE = /^[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?$/;
const HOOKS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"] as const;

/** `vendor.com/class=name`. */
export function isCdiName(text: string): boolean {
  const split = text.indexOf("=");
  return split > 0 && KIND.test(text.slice(0, split)) && DEVICE.test(text.slice(split + 1));
}

/**
 * @param value a file's content, parsed.
 * @throws Error saying where it is wrong; a part that would have to be left out is wrong, too.
 */
export function parseCdiSpec(value: unknown): CdiSpec {
  const fields = new Fields(value, "the file");
  const version = fields.text("cdiVersion").replace(/^v/, "");
  if (!VERSIONS.includes(version)) throw new Error(`cdiVersion ${version} is not known; the newest that is: ${VERSIONS.at(-1)}`);
  const kind = fields.text("kind");
  if (!KIND.test(kind)) throw new Error(`kind ${JSON.stringify(kind)} is not of the form vendor.com/class`);
  const edits = editsOf(fields);
  const devices = new Map<string, CdiEdits>();
  for (const device of fields.list("devices")) {
    const name = device.text("name");
    if (!DEVICE.test(name)) throw new Error(`${device.where} has the name ${JSON.stringify(name)}: letters, digits and _.:- inside`);
    if (devices.has(name)) throw new Error(`the device ${name} is there twice`);
    devices.set(name, editsOf(device));
  }
  if (devices.size === 0) throw new Error("it has no devices");
  return { kind, devices, edits };
}

function editsOf(holder: Fields): CdiEdits {
  const edits = holder.part("containerEdits");
  if (edits === undefined) return NO_EDITS;
  if (edits.has("netDevices")) throw new Error(`${edits.where}.netDevices: no runtime of this engine can move network devices`);
  const rdt = edits.part("intelRdt");
  return {
    env: edits.texts("env").map((variable) => checkedVariable(variable, edits.where)),
    deviceNodes: edits.list("deviceNodes").map(deviceNodeOf),
    mounts: edits.list("mounts").map(mountOf),
    hooks: hooksOf(edits),
    additionalGids: edits.numbers("additionalGids"),
    ...(rdt === undefined ? {} : { intelRdt: rdtOf(rdt) }),
  };
}

function checkedVariable(variable: string, where: string): string {
  if (variable.indexOf("=") < 1) throw new Error(`${where}.env: ${JSON.stringify(variable)} is not of the form NAME=VALUE`);
  return variable;
}

function deviceNodeOf(node: Fields): CdiDeviceNode {
  const path = absolute(node, "path");
  const permissions = node.optionalText("permissions") ?? "rwm";
  if (!/^[rwm]{1,3}$/.test(permissions)) throw new Error(`${node.where}.permissions ${JSON.stringify(permissions)}: out of r, w and m`);
  const type = node.optionalText("type") ?? "";
  if (!["", "b", "c", "u"].includes(type)) throw new Error(`${node.where}.type ${JSON.stringify(type)} is no device`);
  return {
    path,
    hostPath: node.has("hostPath") ? absolute(node, "hostPath") : path,
    permissions,
    fileMode: node.optionalNumber("fileMode"),
    uid: node.optionalNumber("uid"),
    gid: node.optionalNumber("gid"),
  };
}

function mountOf(mount: Fields): CdiMount {
  const type = mount.optionalText("type") ?? "bind";
  if (type !== "tmpfs" && type !== "bind" && type !== "none" && type !== "") {
    throw new Error(`${mount.where}.type ${JSON.stringify(type)}: bind and tmpfs are understood`);
  }
  return {
    type: type === "tmpfs" ? "tmpfs" : "bind",
    hostPath: type === "tmpfs" ? "" : absolute(mount, "hostPath"),
    containerPath: absolute(mount, "containerPath"),
    options: mount.texts("options"),
  };
}

function hooksOf(edits: Fields): OciHooks {
  const hooks: OciHooks = {};
  for (const entry of edits.list("hooks")) {
    const name = entry.text("hookName");
    const known = HOOKS.find((hook) => hook === name);
    if (known === undefined) throw new Error(`${entry.where}.hookName ${JSON.stringify(name)}: there are ${HOOKS.join(", ")}`);
    (hooks[known] ??= []).push(hookOf(entry));
  }
  return hooks;
}

function hookOf(entry: Fields): OciHook {
  const timeout = entry.optionalNumber("timeout");
  return {
    path: absolute(entry, "path"),
    ...(entry.has("args") ? { args: entry.texts("args") } : {}),
    ...(entry.has("env") ? { env: entry.texts("env") } : {}),
    ...(timeout === undefined ? {} : { timeout }),
  };
}

function rdtOf(rdt: Fields): OciIntelRdt {
  const [closID, l3CacheSchema, memBwSchema] = ["closID", "l3CacheSchema", "memBwSchema"].map((key) => rdt.optionalText(key));
  return {
    ...(closID === undefined ? {} : { closID }),
    ...(l3CacheSchema === undefined ? {} : { l3CacheSchema }),
    ...(memBwSchema === undefined ? {} : { memBwSchema }),
  };
}

function absolute(fields: Fields, key: string): string {
  const path = fields.text(key);
  if (!posix.isAbsolute(path)) throw new Error(`${fields.where}.${key} ${JSON.stringify(path)} is not absolute`);
  return posix.normalize(path);
}

/** An object of the file, read field by field; every complaint says which. */
class Fields {
  readonly where: string;
  readonly #value: Readonly<Record<string, unknown>>;

  constructor(value: unknown, where: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${where} is not an object`);
    this.#value = value as Record<string, unknown>;
    this.where = where;
  }

  has(key: string): boolean {
    return this.#value[key] !== undefined && this.#value[key] !== null;
  }

  part(key: string): Fields | undefined {
    return this.has(key) ? new Fields(this.#value[key], this.#path(key)) : undefined;
  }

  list(key: string): Fields[] {
    return this.#items(key).map((item, index) => new Fields(item, `${this.#path(key)}[${index}]`));
  }

  text(key: string): string {
    const value = this.#value[key];
    if (typeof value !== "string") throw new Error(`${this.#path(key)} is not a text`);
    return value;
  }

  optionalText(key: string): string | undefined {
    return this.has(key) ? this.text(key) : undefined;
  }

  texts(key: string): string[] {
    return this.#items(key).map((item) => {
      if (typeof item !== "string") throw new Error(`${this.#path(key)} is not a list of texts`);
      return item;
    });
  }

  numbers(key: string): number[] {
    return this.#items(key).map((item) => {
      if (!isId(item)) throw new Error(`${this.#path(key)} is not a list of numbers`);
      return item;
    });
  }

  optionalNumber(key: string): number | undefined {
    const value = this.#value[key];
    if (!this.has(key)) return undefined;
    if (!isId(value)) throw new Error(`${this.#path(key)} is not a number that can be`);
    return value;
  }

  #items(key: string): readonly unknown[] {
    const value = this.#value[key] ?? [];
    if (!Array.isArray(value)) throw new Error(`${this.#path(key)} is not a list`);
    return value;
  }

  #path(key: string): string {
    return this.where === "the file" ? key : `${this.where}.${key}`;
  }
}

/** What a uid, a mode or a timeout may be. */
function isId(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}
