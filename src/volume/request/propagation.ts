import { isWithin } from "#runtime/oci/spec/mounts/reserved-targets.ts";
import { wrongMount } from "./mount-request.ts";

/** A mount of the host, as far as it matters who hears of changes below it. */
interface HostMount {
  readonly point: string;
  readonly isShared: boolean;
  readonly isSlave: boolean;
}

/**
 * A bind can only be shared with the host, or follow it, when the host's own mount is.
 *
 * @param source without links.
 * @param mountInfo the text of /proc/self/mountinfo.
 * @throws EngineError `invalid` with Docker's texts.
 */
export function checkPropagation(source: string, propagation: string, mountInfo: string): void {
  const kind = propagation.replace(/^r/, "");
  if (kind !== "shared" && kind !== "slave") return;
  const mount = mountOf(source, mountInfo);
  if (mount === undefined || mount.isShared || (kind === "slave" && mount.isSlave)) return;
  const expected = kind === "shared" ? "a shared" : "a shared or slave";
  throw wrongMount("bind", `path ${source} is mounted on ${mount.point} but it is not ${expected} mount`);
}

/** The last one that covers the path: later mounts lie over earlier ones. */
function mountOf(path: string, mountInfo: string): HostMount | undefined {
  const mounts = mountInfo
    .split("\n")
    .filter((line) => line !== "")
    .map(parseLine);
  const covering = mounts.filter(({ point }) => isWithin(path, point));
  const longest = Math.max(...covering.map(({ point }) => point.length));
  return covering.findLast(({ point }) => point.length === longest);
}

/** `36 35 98:0 /root /point options shared:1 master:2 - …` (proc(5)). */
function parseLine(line: string): HostMount {
  const fields = line.split(" ");
  const optional = fields.slice(6, fields.indexOf("-"));
  const point = (fields[4] ?? "").replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
  return { point, isShared: optional.some((tag) => tag.startsWith("shared:")), isSlave: optional.some((tag) => tag.startsWith("master:")) };
}
