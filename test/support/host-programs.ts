import { execFileSync } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import type { TarEntry } from "#lib/tar-pack.ts";

/**
 * Programs of this host for an image's layer, with the libraries that they are linked with: each in `usr/bin`, libraries where the dynamic linker
 * looks.
 *
 * @param others programs that come from elsewhere, and whose libraries are put in.
 */
export function hostPrograms(paths: readonly string[], others: readonly string[] = []): TarEntry[] {
  const libraries = new Set([...paths, ...others].flatMap(librariesOf));
  return [
    ...paths.map((path): TarEntry => entry(`usr/bin/${basename(path)}`, path)),
    ...[...libraries].map((path): TarEntry => entry(path.slice(1), path)),
  ];
}

function entry(name: string, path: string): TarEntry {
  return { name, type: "file", mode: 0o755, data: readFileSync(realpathSync(path)) };
}

/** Absolute paths; none of a static program. */
function librariesOf(path: string): string[] {
  const lines = execFileSync("sh", ["-c", `ldd '${path}' 2>/dev/null || true`], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => /(?:=> )?(\/[^ ]+) \(0x/.exec(line)?.[1] ?? []);
}
