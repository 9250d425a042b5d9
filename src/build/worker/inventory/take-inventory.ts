import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { EngineError } from "#errors/engine-error.ts";
import { bytePathOf, cString, shownPath, type BytePath } from "#lib/byte-path.ts";
import { OpenFolder } from "#store/tree/open-folder.ts";
import type { InstalledPackage, Inventory, System } from "../../attest/inventory.ts";
import { readSystem } from "./databases.ts";
import { readGoModules } from "./go-build-info.ts";
import { mayBeGoProgram, readerOf, type Place } from "./readers.ts";

/** More than any image has; what has more is an attack. An inventory with holes would be worse than none. */
const limits = { entries: 3_000_000, depth: 200, packages: 500_000, fileBytes: 64 * 1024 * 1024 };

const SYSTEM_FILES = ["etc/os-release", "usr/lib/os-release"];

/**
 * Looks through a tree of files for what package managers have installed in it. Every folder is opened by its own name from the one above it,
 * and no link is ever followed: whatever an image says, nothing but its own files is read, nor is any program of it run.
 *
 * @throws EngineError `too-large` for a tree, or a database, beyond all measure; `cancelled`.
 */
export function takeInventory(folder: string, cancelled: () => void): Inventory {
  const walk = new Walk(cancelled);
  using root = new OpenFolder(`${bytePathOf(folder)}/.`);
  walk.folder(root, "", 0);
  return { system: walk.system, packages: inOrder(walk.packages) };
}

class Walk {
  readonly packages: InstalledPackage[] = [];
  readonly #cancelled: () => void;
  #systems = new Map<string, System>();
  #entries = 0;

  constructor(cancelled: () => void) {
    this.#cancelled = cancelled;
  }

  get system(): System | undefined {
    return SYSTEM_FILES.map((path) => this.#systems.get(path)).find((system) => system !== undefined);
  }

  folder(folder: OpenFolder, path: BytePath, depth: number): void {
    if (depth > limits.depth) throw tooLarge(`folders are nested deeper than ${limits.depth}: ${shownPath(path).slice(0, 200)}…`);
    this.#cancelled();
    const entries = folder.entries();
    this.#entries += entries.length;
    if (this.#entries > limits.entries) throw tooLarge(`there are more than ${limits.entries} files`);
    const hasModules = entries.some(({ name, isFolder }) => isFolder && name === "node_modules");
    for (const { name, isFolder } of entries) {
      const below = path === "" ? name : `${path}/${name}`;
      if (!isFolder) {
        this.#file(folder, name, { path: below, besideModules: hasModules });
        continue;
      }
      using inner = folder.open(name);
      this.folder(inner, below, depth + 1);
    }
  }

  #file(folder: OpenFolder, name: string, place: Place): void {
    const read = readerOf(place);
    const isSystem = SYSTEM_FILES.includes(place.path);
    if (read === undefined && !isSystem && !mayBeGoProgram(place.path)) return;
    using file = openFile(folder.child(name));
    if (file === undefined) return;
    if (isSystem) this.#addSystem(place.path, file.text(place.path));
    else if (read !== undefined) this.#add(read(file.text(place.path)), place.path);
    else if (file.isProgram) this.#add(readGoModules(file.readAt), place.path);
  }

  #addSystem(path: string, text: string): void {
    const system = readSystem(text);
    if (system !== undefined) this.#systems.set(path, system);
  }

  #add(packages: readonly Omit<InstalledPackage, "foundIn">[], path: BytePath): void {
    const foundIn = shownPath(path);
    for (const one of packages) this.packages.push({ ...one, foundIn });
    if (this.packages.length > limits.packages) throw tooLarge(`there are more than ${limits.packages} packages`);
  }
}

interface OpenFile extends Disposable {
  readonly isProgram: boolean;
  /** @throws EngineError `too-large`. */
  text(path: BytePath): string;
  readonly readAt: (offset: number, length: number) => Buffer;
}

/** Undefined for what is no file: links, devices and pipes are not opened for reading. */
function openFile(path: BytePath): OpenFile | undefined {
  const fd = openUnlessLink(path);
  if (fd === undefined) return undefined;
  const stats = fstatSync(fd);
  const readAt = (offset: number, length: number): Buffer => {
    const buffer = Buffer.alloc(Math.max(0, Math.min(length, stats.size - offset)));
    let done = 0;
    while (done < buffer.length) {
      const read = readSync(fd, buffer, done, buffer.length - done, offset + done);
      if (read === 0) break;
      done += read;
    }
    return buffer.subarray(0, done);
  };
  const file: OpenFile = {
    isProgram: (stats.mode & 0o111) !== 0,
    readAt,
    text: (name) => {
      if (stats.size > limits.fileBytes) throw tooLarge(`${shownPath(name)} has more than ${limits.fileBytes} bytes`);
      return readAt(0, stats.size).toString("utf8");
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
  if (stats.isFile()) return file;
  file[Symbol.dispose]();
  return undefined;
}

function openUnlessLink(path: BytePath): number | undefined {
  try {
    return openSync(cString(path).subarray(0, -1), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    // ELOOP is a link; ENXIO a socket, or a device that nothing drives.
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ELOOP" || code === "ENXIO" || code === "ENODEV") return undefined;
    throw error;
  }
}

function tooLarge(what: string): EngineError {
  return new EngineError("too-large", `no list of what is installed can be made: ${what}`);
}

/** A package that several files speak of is there once, by the first of them. */
function inOrder(packages: readonly InstalledPackage[]): InstalledPackage[] {
  const keyOf = ({ kind, name, version, architecture = "" }: InstalledPackage): string => [kind, name, version, architecture].join(" ");
  const byKey = new Map<string, InstalledPackage>();
  for (const one of packages.toSorted((a, b) => order(a.foundIn, b.foundIn))) {
    const key = keyOf(one);
    if (!byKey.has(key)) byKey.set(key, one);
  }
  return [...byKey].toSorted(([a], [b]) => order(a, b)).map(([, one]) => one);
}

/** By code units: the same on every machine, whatever its language. */
function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
