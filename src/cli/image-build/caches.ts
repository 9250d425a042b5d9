import { resolve } from "node:path";
import type { CacheFolder } from "#client/builds/session.ts";
import { EngineError } from "#errors/engine-error.ts";
import { LayoutFolder } from "./layout-folder.ts";
import { fieldsOf } from "./fields.ts";

/** What `--cache-from` and `--cache-to` say: for the daemon, and the folders that it may ask for, by number. */
export interface WantedCaches {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly folders: readonly CacheFolder[];
}

/**
 * The daemon is told no path: `type=local,src=DIR` becomes the number of a folder that the session offers.
 *
 * @throws EngineError `invalid`.
 */
export function readCaches(from: readonly string[], to: readonly string[], currentFolder: string): WantedCaches {
  const folders: CacheFolder[] = [];
  const offer = (flag: string, key: "src" | "dest", text: string): string => {
    if (!/(?:^|,)type=local(?:,|$)/.test(text)) return text;
    const fields = new Map(fieldsOf(flag, text));
    const path = fields.get(key) ?? "";
    if (path === "") throw new EngineError("invalid", `${flag}: type=local needs a folder (${key}=DIR)`);
    fields.delete(key);
    const index = folders.push(new LayoutFolder(resolve(currentFolder, path), key === "dest")) - 1;
    return [...fields, ["index", String(index)]].map(([name, value]) => `${name}=${value}`).join(",");
  };
  return {
    from: from.map((text) => offer("--cache-from", "src", text)),
    to: to.map((text) => offer("--cache-to", "dest", text)),
    folders,
  };
}
