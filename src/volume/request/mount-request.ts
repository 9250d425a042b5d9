import { posix } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import type { Mount } from "#spec/docker-api/types.ts";

/** One wish for a mount, whatever field it came in; nothing has been looked up or made for it. */
export type MountRequest = BindRequest | NamedVolumeRequest | TmpfsRequest | ImageRequest;

interface Common {
  /** Clean absolute path in the container. */
  readonly target: string;
  readonly readOnly: boolean;
  /** What inspect shows. */
  readonly mode: string;
}

export interface BindRequest extends Common {
  readonly type: "bind";
  readonly source: string;
  readonly propagation: string;
  readonly options: readonly string[];
  /** Make the source when it is missing; else it has to be there. */
  readonly createSource: boolean;
  /** Files in it belong to its folder's owner (`auto`) or to whoever makes them; undefined: as the daemon has it. */
  readonly owner: "auto" | "container" | undefined;
}

export interface NamedVolumeRequest extends Common {
  readonly type: "volume";
  /** Undefined: one of the container's own. */
  readonly name: string | undefined;
  readonly driver: string;
  readonly driverOptions: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly copyUp: boolean;
  readonly subpath: string | undefined;
}

export interface ImageRequest extends Common {
  readonly type: "image";
  /** Reference or id. */
  readonly image: string;
  readonly subpath: string | undefined;
}

export interface TmpfsRequest extends Common {
  readonly type: "tmpfs";
  readonly options: readonly string[];
}

export const PROPAGATIONS: readonly string[] = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];
const DEFAULT_PROPAGATION = "rprivate";
const LONGEST_PATH = 4095;

/** Turns an entry of HostConfig.Mounts into a request. @throws EngineError `invalid` with Docker's texts. */
export function mountRequest(mount: Mount): MountRequest {
  const type: string = mount.Type ?? "";
  const { Target = "" } = mount;
  if (Target === "") throw wrongMount(type, "field Target must not be empty");
  if (posix.normalize(Target.replace(/\/+$/, "/")) === "/") throw wrongMount(type, "invalid specification: destination can't be '/'");
  refusePath(type, Target);
  switch (type) {
    case "bind":
      return bindRequest(mount, cleanPath(Target));
    case "volume":
      return volumeRequest(mount, cleanPath(Target));
    case "tmpfs":
      return tmpfsRequest(mount, cleanPath(Target));
    case "image":
      return imageRequest(mount, cleanPath(Target));
    case "cluster":
    case "npipe":
      throw wrongMount(type, "this type of mount is not supported");
    default:
      throw wrongMount(type, "mount type unknown");
  }
}

function bindRequest({ Source = "", BindOptions, ...mount }: Mount, target: string): BindRequest {
  if (Source === "") throw wrongMount("bind", "field Source must not be empty");
  refuseFields("bind", mount, ["VolumeOptions", "TmpfsOptions", "ImageOptions"]);
  refusePath("bind", Source);
  const propagation = BindOptions?.Propagation ?? "";
  if (propagation !== "" && !PROPAGATIONS.includes(propagation)) throw wrongMount("bind", `invalid propagation mode: ${propagation}`);
  const readOnly = mount.ReadOnly === true;
  const topOnly = BindOptions?.ReadOnlyNonRecursive === true;
  const forced = BindOptions?.ReadOnlyForceRecursive === true;
  if (topOnly && forced) {
    throw wrongMount("bind", "mount options conflict: ReadOnlyNonRecursive and ReadOnlyForceRecursive");
  }
  return {
    type: "bind",
    target,
    source: cleanPath(Source),
    readOnly,
    mode: "",
    propagation: propagation === "" ? DEFAULT_PROPAGATION : propagation,
    options: [BindOptions?.NonRecursive === true ? "bind" : "rbind", ...(readOnly && topOnly ? ["ro"] : []), ...(forced ? ["rro"] : [])],
    createSource: BindOptions?.CreateMountpoint === true,
    owner: undefined,
  };
}

function volumeRequest({ Source = "", VolumeOptions, ...mount }: Mount, target: string): NamedVolumeRequest {
  refuseFields("volume", mount, ["BindOptions", "TmpfsOptions", "ImageOptions"]);
  if (mount.ReadOnly === true && Source === "") throw wrongMount("volume", "must not set ReadOnly mode when using anonymous volumes");
  const subpath = cleanSubpath("volume", VolumeOptions?.Subpath ?? "");
  if (subpath !== undefined && Source === "") throw wrongMount("volume", "must not set Subpath when using anonymous volumes");
  return {
    type: "volume",
    target,
    name: Source === "" ? undefined : Source,
    readOnly: mount.ReadOnly === true,
    mode: "",
    driver: VolumeOptions?.DriverConfig?.Name ?? "",
    driverOptions: VolumeOptions?.DriverConfig?.Options ?? {},
    labels: VolumeOptions?.Labels ?? {},
    copyUp: VolumeOptions?.NoCopy !== true,
    subpath,
  };
}

/** Nothing can be written to it. */
function imageRequest({ Source = "", ImageOptions, ...mount }: Mount, target: string): ImageRequest {
  if (Source === "") throw wrongMount("image", "field Source must not be empty");
  refuseFields("image", mount, ["BindOptions", "VolumeOptions", "TmpfsOptions"]);
  const subpath = cleanSubpath("image", ImageOptions?.Subpath ?? "");
  return { type: "image", target, image: Source, readOnly: true, mode: "", subpath };
}

/** Where the path leads is found out at each start, inside the volume; what leads out of it by its words is refused here. */
function cleanSubpath(type: string, text: string): string | undefined {
  if (text === "") return undefined;
  const path = posix.normalize(text).replace(/\/$/, "");
  const leadsOut = path.startsWith("/") || path === ".." || path.startsWith("../") || path.includes("\0") || path.length > LONGEST_PATH;
  if (leadsOut) throw wrongMount(type, `subpath must be a relative path within the ${type}`);
  return path;
}

function tmpfsRequest({ Source = "", TmpfsOptions, ...mount }: Mount, target: string): TmpfsRequest {
  if (Source !== "") throw wrongMount("tmpfs", "field Source must not be specified");
  refuseFields("tmpfs", mount, ["BindOptions", "VolumeOptions", "ImageOptions"]);
  const { SizeBytes = 0, Mode = 0, Options = [] } = TmpfsOptions ?? {};
  if (SizeBytes < 0 || Mode < 0) throw wrongMount("tmpfs", "TmpfsOptions: size and mode can not be less than 0");
  const readOnly = mount.ReadOnly === true;
  return {
    type: "tmpfs",
    target,
    readOnly,
    mode: "",
    options: [
      ...(readOnly ? ["ro"] : []),
      ...(Mode === 0 ? [] : [`mode=${Mode.toString(8)}`]),
      ...(SizeBytes === 0 ? [] : [`size=${SizeBytes}`]),
      ...Options.map(tmpfsOption),
    ],
  };
}

function tmpfsOption(option: readonly string[]): string {
  const [name = ""] = option;
  if (option.length !== 1) throw wrongMount("tmpfs", "invalid option array length");
  if (name !== "exec" && name !== "noexec") throw wrongMount("tmpfs", `invalid option: ${name}`);
  return name;
}

function refuseFields(type: string, mount: Mount, fields: readonly (keyof Mount)[]): void {
  const extra = fields.find((field) => mount[field] !== undefined);
  if (extra !== undefined) throw wrongMount(type, `field ${extra} must not be specified`);
}

function refusePath(type: string, path: string): void {
  if (!path.startsWith("/")) throw wrongMount(type, `invalid mount path: '${path.slice(0, 200)}' mount path must be absolute`);
  if (path.includes("\0") || path.length > LONGEST_PATH) throw wrongMount(type, "invalid mount path: it holds a NUL or is too long");
}

/** Without `.`, `..`, double slashes and one at the end. */
export function cleanPath(path: string): string {
  return posix.resolve("/", path);
}

export function wrongMount(type: string, reason: string): EngineError {
  return new EngineError("invalid", `invalid mount config for type ${JSON.stringify(type)}: ${reason}`);
}
