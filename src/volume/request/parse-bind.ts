import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { Mount } from "#spec/docker-api/types.ts";
import { mountRequest, type MountRequest, PROPAGATIONS } from "./mount-request.ts";

/** What a mode's words are about; each subject may be spoken of once. */
const SUBJECTS: readonly (readonly string[])[] = [
  ["ro", "rw"],
  // SELinux labels and Docker Desktop's caches: taken, and without effect, as in dockerd on such a host.
  ["z", "Z"],
  PROPAGATIONS,
  ["nocopy"],
  ["consistent", "cached", "delegated", "default"],
  // Our own: files belong to the owner of the bound folder.
  ["idmap=auto", "idmap=off"],
];

/**
 * Turns `source:target[:mode]` of HostConfig.Binds (the flag `-v`) into a request: an absolute source is a bind whose folder is made
 * when it is missing, anything else a volume's name, and no source a volume of the container's own.
 *
 * @throws EngineError `invalid` with Docker's texts.
 */
export function parseBind(text: string, volumeDriver = ""): MountRequest {
  const { source, target, mode } = split(text);
  const words = mode === "" ? [] : mode.split(",");
  const isBind = source.startsWith("/");
  const propagation = words.find((word) => PROPAGATIONS.includes(word));
  const mount: Mount = {
    Type: isBind ? "bind" : "volume",
    Source: source,
    Target: target,
    ReadOnly: words.includes("ro"),
    ...(propagation === undefined ? {} : { BindOptions: { Propagation: propagation as "private" } }),
    ...(words.includes("nocopy") ? { VolumeOptions: { NoCopy: true } } : {}),
  };
  const request = requestOf(mount, text);
  if (request.type === "bind") return { ...request, mode, createSource: true, owner: ownerOf(words) };
  return request.type === "volume" ? { ...request, mode, driver: volumeDriver } : request;
}

function ownerOf(words: readonly string[]): "auto" | "container" | undefined {
  if (words.includes("idmap=auto")) return "auto";
  return words.includes("idmap=off") ? "container" : undefined;
}

function split(text: string): { source: string; target: string; mode: string } {
  const [first = "", second, mode, ...rest] = text.split(":");
  if (first === "" || rest.length > 0) throw wrongSpecification(text);
  if (second === undefined) return { source: "", target: first, mode: "" };
  if (mode !== undefined && !isMode(mode)) throw new EngineError("invalid", `invalid mode: ${mode}`);
  // A target and a mode, without a source: that is no volume.
  if (mode === undefined && isMode(second)) throw wrongSpecification(text);
  return { source: first, target: second, mode: mode ?? "" };
}

function isMode(text: string): boolean {
  if (text === "") return true;
  const words = text.split(",");
  const isKnown = words.every((word) => SUBJECTS.some((subject) => subject.includes(word)));
  return isKnown && SUBJECTS.every((subject) => words.filter((word) => subject.includes(word)).length <= 1);
}

function requestOf(mount: Mount, text: string): MountRequest {
  try {
    return mountRequest(mount);
  } catch (cause) {
    throw new EngineError("invalid", `invalid volume specification: '${text}': ${messageOf(cause)}`, { cause });
  }
}

function wrongSpecification(text: string): EngineError {
  return new EngineError("invalid", `invalid volume specification: '${text}'`);
}
