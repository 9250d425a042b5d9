import type { BytePath } from "#lib/byte-path.ts";

/** The folder that is unpacked into, as a path of the chrooted thread. */
export const ROOT: BytePath = ".";

/** The kernel's PATH_MAX, with the NUL. */
const LONGEST = 4096;

/**
 * Where an entry belongs: no leading slash (absolute is rooted at the root, as in every image), no empty, `.` or `..` parts.
 * Undefined when the path climbs above the root. This is no wall, only good manners: what holds a path in the folder, whatever
 * links it crosses, is the kernel (the thread is chrooted).
 */
export function cleanPath(path: BytePath): BytePath | undefined {
  if (isClean(path)) return path;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.length === 0 ? ROOT : parts.join("/");
}

/** As `cleanPath`, but `..` at the root stays there: where a link leads for the kernel. */
export function clampedPath(path: BytePath): BytePath {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.length === 0 ? ROOT : parts.join("/");
}

/** The common case, without taking the path apart. */
function isClean(path: BytePath): boolean {
  return path !== "" && !path.startsWith("/") && !path.endsWith("/") && !path.includes("//") && !/(?:^|\/)\.\.?(?:\/|$)/.test(path);
}

export function isTooLong(path: BytePath): boolean {
  return path.length >= LONGEST;
}

export function parentOf(path: BytePath): BytePath {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? ROOT : path.slice(0, slash);
}

export function nameOf(path: BytePath): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function inFolder(folder: BytePath, name: string): BytePath {
  return folder === ROOT ? name : `${folder}/${name}`;
}
