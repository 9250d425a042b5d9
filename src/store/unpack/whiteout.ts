import type { BytePath } from "#lib/byte-path.ts";
import { inFolder, nameOf, parentOf } from "./entry-path.ts";

/** What the name of an entry says that it is (OCI image-spec, layer.md: whiteouts; the names are those of AUFS). */
export type Meaning =
  | { readonly kind: "content" }
  /** `.wh.name`: `path` of the lower layers is gone. */
  | { readonly kind: "deleted"; readonly path: BytePath }
  /** `.wh..wh..opq`: all that the lower layers have in `folder` is gone. */
  | { readonly kind: "emptied"; readonly folder: BytePath }
  /** What AUFS kept for itself. */
  | { readonly kind: "skipped" }
  | { readonly kind: "refused"; readonly reason: string };

const PREFIX = ".wh.";
const META_PREFIX = ".wh..wh.";
const OPAQUE = ".wh..wh..opq";
/** Where AUFS kept the content of hard links. It is unpacked, because they point there, and taken away at the end. */
export const LINK_STORE = ".wh..wh.plnk";

const content: Meaning = { kind: "content" };

/** @param path as `cleanPath` gives it. */
export function meaningOf(path: BytePath): Meaning {
  if (!path.includes(PREFIX)) return content;
  const parts = path.split("/");
  if (parts[0] === LINK_STORE) return content;
  if (parts.slice(0, -1).some((part) => part.startsWith(META_PREFIX))) return { kind: "skipped" };
  if (parts.slice(0, -1).some((part) => part.startsWith(PREFIX))) return refused("a whiteout is not a folder");
  return meaningOfName(parentOf(path), nameOf(path));
}

function meaningOfName(folder: BytePath, name: string): Meaning {
  if (!name.startsWith(PREFIX)) return content;
  if (name === OPAQUE) return { kind: "emptied", folder };
  const deleted = name.slice(PREFIX.length);
  // `.wh..` and `.wh...` would delete the folder itself or the one above it.
  if (deleted === "" || deleted === "." || deleted === "..") return refused("a whiteout of no name");
  if (name.startsWith(META_PREFIX)) return { kind: "skipped" };
  return { kind: "deleted", path: inFolder(folder, deleted) };
}

function refused(reason: string): Meaning {
  return { kind: "refused", reason };
}
