import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const bundles = fileURLToPath(new URL("../../dist", import.meta.url));

/**
 * Makes the launchers in bin/ run the bundles that `npm run build` made, which start in a third of the time; where those are missing,
 * or older than anything that went into them, they run the sources. Is decided once a test file.
 */
export const launched: { readonly DHOW_SOURCE: "" | "1" } = { DHOW_SOURCE: isBuildFresh() ? "" : "1" };

function isBuildFresh(): boolean {
  try {
    const maps = readdirSync(bundles).filter((name) => name.endsWith(".js.map"));
    return maps.length > 0 && maps.every((name) => isFresh(join(bundles, name)));
  } catch {
    return false; // A bundle or a source is gone.
  }
}

function isFresh(map: string): boolean {
  const built = statSync(map).mtimeMs;
  const { sources } = JSON.parse(readFileSync(map, "utf8")) as { readonly sources: readonly string[] };
  const own = sources.filter((source) => source.startsWith("../"));
  return own.every((source) => statSync(join(bundles, source)).mtimeMs <= built);
}
