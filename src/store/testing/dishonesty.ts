/** For tests: what an unpacked layer must never hold. */
import { globSync, lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bytePathOf } from "#lib/byte-path.ts";
import { listXattrs } from "#sys/files/xattr.ts";
import { OPAQUE } from "../unpack/whiteouts.ts";
import { CANARY_TEXT } from "./canary.ts";

/** No canary comes near: what is larger need not be read. */
const LARGEST_READ = 100;
const MOST_PATHS = 2000;

/** The files with what the host's has, and the nodes with an overlay's attributes that a layer cannot have got from the unpacker. */
export function dishonestyOf(layer: string): string[] {
  return globSync("**/*", { cwd: layer })
    .slice(0, MOST_PATHS)
    .flatMap((path) => {
      const node = join(layer, path);
      const stats = lstatSync(node);
      const leaks = stats.isFile() && stats.size < LARGEST_READ && readFileSync(node, "utf8").includes(CANARY_TEXT);
      const forged = listXattrs(bytePathOf(node)).filter((name) => name.includes("overlay") && name !== OPAQUE.name);
      return [...(leaks ? [`${path} has the host's text`] : []), ...forged.map((name) => `${path} has ${name}`)];
    });
}
