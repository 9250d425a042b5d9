import { constants } from "node:fs";
import { chmod, link, lstat, lutimes, mkdir, open, symlink, unlink, utimes } from "node:fs/promises";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import { forEachEntry } from "#lib/tar/entries.ts";
import { TarError, type TarEntry } from "#lib/tar/entry.ts";

/** Names are bytes: what an image calls its files need not be text. */
type Place = Buffer;

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Puts the files of an archive into a folder, as the user who does so: owners, set-id bits, attributes and devices are left out. What is in the folder
 * stays, unless it has the name of a file that comes. Nothing is written through a link that lies there, or comes with the archive.
 *
 * @returns the names that were left out: devices and pipes.
 * @throws EngineError `invalid` for a broken archive, `conflict` for what is in the way.
 */
export async function writeTree(folder: string, archive: AsyncIterable<Uint8Array>): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const writer = new TreeWriter(folder);
  try {
    await forEachEntry(buffers(archive), async (entry, bytes) => await writer.write(entry, bytes));
  } catch (cause) {
    throw cause instanceof TarError
      ? new EngineError("invalid", `what the daemon sent is no archive: ${messageOf(cause)}`, { cause })
      : cause;
  }
  await writer.finish();
  return writer.left;
}

async function* buffers(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const piece of bytes) yield Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}

class TreeWriter {
  readonly left: string[] = [];
  readonly #root: string;
  /** Folders that are none but folders: they were looked at. */
  readonly #folders = new Set<string>([""]);
  /** Dressed at the end: a folder that may not be written to is filled first. */
  readonly #dressed: { readonly place: Place; readonly mode: number; readonly time: number }[] = [];

  constructor(root: string) {
    this.#root = root;
  }

  async write(entry: TarEntry, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const path = pathOf(entry.path);
    if (path === "") return;
    if (entry.type === "folder") return await this.#folder(path, entry);
    await this.#makeFolders(parentOf(path));
    await this.#makeRoom(path);
    const place = this.#place(path);
    switch (entry.type) {
      case "file":
        return await writeFile(place, entry, bytes);
      case "symlink":
        await symlink(Buffer.from(entry.target, "latin1"), place);
        return await lutimes(place, entry.modified.seconds, entry.modified.seconds);
      case "hardlink":
        return await this.#link(pathOf(entry.target), place);
      default:
        this.left.push(shown(path));
    }
  }

  async finish(): Promise<void> {
    for (const { place, mode, time } of this.#dressed.toReversed()) {
      await chmod(place, mode);
      await utimes(place, time, time);
    }
  }

  #place(path: string): Place {
    return Buffer.concat([Buffer.from(`${this.#root}/`), Buffer.from(path, "latin1")]);
  }

  async #folder(path: string, { mode, modified }: TarEntry): Promise<void> {
    await this.#makeFolders(path);
    this.#dressed.push({ place: this.#place(path), mode: mode & 0o1777, time: modified.seconds });
  }

  /** Makes a folder and those above it where they are missing. */
  async #makeFolders(path: string): Promise<void> {
    if (this.#folders.has(path)) return;
    await this.#makeFolders(parentOf(path));
    const place = this.#place(path);
    const there = await statOf(place);
    if (there === undefined) await mkdir(place, { mode: 0o755 });
    else if (!there.isDirectory()) throw inTheWay(path, "a folder has to be here, and nothing is written through what is here");
    this.#folders.add(path);
  }

  async #makeRoom(path: string): Promise<void> {
    const there = await statOf(this.#place(path));
    if (there === undefined) return;
    if (there.isDirectory()) throw inTheWay(path, "it is a folder, and a file of this name comes");
    await unlink(this.#place(path));
  }

  async #link(target: string, place: Place): Promise<void> {
    await this.#makeFolders(parentOf(target));
    await link(this.#place(target), place);
  }
}

async function writeFile(place: Place, { mode, modified }: TarEntry, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  await using file = await open(place, NEW_FILE, 0o600);
  for await (const piece of bytes) await file.writeFile(piece);
  await file.chmod(mode & 0o777);
  await file.utimes(modified.seconds, modified.seconds);
}

async function statOf(place: Place) {
  try {
    return await lstat(place);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Within the folder, without a slash at either end. @throws EngineError `invalid`. */
function pathOf(name: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw new EngineError("invalid", `what the daemon sent has a name that leads out: ${shown(name)}`);
  return parts.join("/");
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function inTheWay(path: string, why: string): EngineError {
  return new EngineError("conflict", `${shown(path)} is in the way: ${why}`);
}

function shown(path: string): string {
  return Buffer.from(path, "latin1").toString("utf8");
}
