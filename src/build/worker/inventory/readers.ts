import type { InstalledPackage } from "../../attest/inventory.ts";
import { readApk, readDpkg, readNpmLock, readNpmPackage, readPythonMetadata } from "./databases.ts";

/** A file of the tree, by its path from the root on. */
export interface Place {
  readonly path: string;
  /** A node_modules lies in the same folder. */
  readonly besideModules: boolean;
}

type Reader = (text: string) => Omit<InstalledPackage, "foundIn">[];

/** Which reader a file is for, by where it lies; undefined for most. */
export function readerOf({ path, besideModules }: Place): Reader | undefined {
  if (path === "var/lib/dpkg/status" || /^var\/lib\/dpkg\/status\.d\/[^/]+$/.test(path))
    return path.endsWith(".md5sums") ? undefined : readDpkg;
  if (path === "lib/apk/db/installed" || path === "usr/lib/apk/db/installed") return readApk;
  if (/(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@.][^/]*\/package\.json$/.test(path)) return readNpmPackage;
  // Where the packages themselves are, the lock file only says what was wanted.
  if (/(?:^|\/)(?:package-lock|npm-shrinkwrap)\.json$/.test(path)) return besideModules || isInModules(path) ? undefined : readNpmLock;
  if (/\.dist-info\/METADATA$|\.egg-info\/PKG-INFO$|\.egg-info$/.test(path)) return readPythonMetadata;
  return undefined;
}

function isInModules(path: string): boolean {
  return path.includes("node_modules/");
}

/** Programs of Go have names of their own choice, but not those of libraries, scripts and documents: opening every file would take long. */
export function mayBeGoProgram(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return !isInModules(path) && !path.startsWith("usr/share/") && !/\.(?:[a-z]\w*|so\.[0-9.]+)$/i.test(name);
}
