import { readdirSync, readlinkSync } from "node:fs";

/** What a process has open: how many of each kind, a file by its path and everything else by its kind (`socket`, `anon_inode:[eventpoll]`). */
export function descriptorsOf(pid: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const kind = kindOf(`/proc/${pid}/fd/${fd}`);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

function kindOf(path: string): string {
  try {
    return readlinkSync(path).replace(/:\[\d+\]$/, "");
  } catch {
    return "closed"; // While we looked.
  }
}

/** What of `after` is more than in `before`, `<kind> +<n>`. */
export function gained(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] {
  return [...after]
    .filter(([kind, count]) => count > (before.get(kind) ?? 0))
    .map(([kind, count]) => `${kind} +${count - (before.get(kind) ?? 0)}`);
}
