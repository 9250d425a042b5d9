import { readFileSync } from "node:fs";

/** Where something is mounted at `folder` or below it, in this process's name space, in the order of mounting. */
export function mountPointsBelow(folder: string): string[] {
  return mountPointsOf(readFileSync("/proc/self/mountinfo", "utf8")).filter((point) => point === folder || point.startsWith(`${folder}/`));
}

/** The fifth field of each line of mountinfo (proc(5)); a blank or a backslash in a path is an octal escape there. */
export function mountPointsOf(mountInfo: string): string[] {
  return mountInfo
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => unescapeOctal(line.split(" ")[4] ?? ""));
}

function unescapeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
