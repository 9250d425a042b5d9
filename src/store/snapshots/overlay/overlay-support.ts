import { lstatSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "#errors/engine-error.ts";
import { bytePathOf } from "#lib/byte-path.ts";
import { detachMount } from "#sys/mounts/mount.ts";
import { makeSpecial } from "#sys/files/node-file.ts";
import { setXattr } from "#sys/files/xattr.ts";
import { OPAQUE } from "../../unpack/whiteouts.ts";
import type { Support } from "../driver.ts";
import { mountOverlay } from "./overlay-mount.ts";

/**
 * Tries what the driver needs, on the file system where it would work: an overlay with the options that keep images honest, and
 * deletions that take effect (a file system without `trusted.*` attributes or file types in its folders has neither).
 */
export function overlaySupport(folder: string): Support {
  const probe = mkdtempSync(join(folder, "overlay-probe-"));
  try {
    return tryIn(probe) ? { supported: true } : { supported: false, reason: "deletions of a layer have no effect on this file system" };
  } catch (error) {
    return { supported: false, reason: messageOf(error) };
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

function tryIn(probe: string): boolean {
  const [lower, middle, upper, work, merged] = ["lower", "middle", "upper", "work", "merged"].map((name) => join(probe, name)) as [
    string,
    string,
    string,
    string,
    string,
  ];
  for (const path of [join(lower, "deleted"), join(lower, "emptied/old"), join(middle, "emptied"), upper, work, merged]) {
    mkdirSync(path, { recursive: true });
  }
  makeSpecial(bytePathOf(join(middle, "deleted")), "char", 0, { major: 0, minor: 0 });
  setXattr(bytePathOf(join(middle, "emptied")), OPAQUE.name, OPAQUE.value);
  mountOverlay({ lowers: [middle, lower], upper: { folder: upper, work }, volatile: true, target: merged });
  try {
    const gone = (path: string): boolean => lstatSync(join(merged, path), { throwIfNoEntry: false }) === undefined;
    return gone("deleted") && gone("emptied/old") && !gone("emptied");
  } finally {
    void detachMount(merged)();
  }
}
