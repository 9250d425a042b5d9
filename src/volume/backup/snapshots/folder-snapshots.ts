import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { KeyedMutex } from "#lib/keyed-mutex.ts";
import { validateVolumeName } from "../../volume.ts";
import { chunksOf } from "./chunker.ts";
import { compressChunk, damaged, decompressChunk, sha256 } from "./chunk.ts";
import { type Snapshot, type SnapshotStorage, theOneOf } from "./contract.ts";

const ID = /^[0-9a-f]{64}$/;

interface Manifest extends Snapshot {
  readonly chunks: readonly string[];
}

/**
 * Snapshots in a folder: `chunks/ab/<sha256>.zst`, each once however many snapshots have it, and `snapshots/<volume>/<id>.json`. A manifest is written
 * when all of its chunks are on the disk; a kill in between leaves chunks that the next removal takes along.
 */
export class FolderSnapshots implements SnapshotStorage {
  readonly #root: string;
  readonly #locks = new KeyedMutex();

  constructor(root: string) {
    this.#root = root;
  }

  async add(volume: string, archive: AsyncIterable<Uint8Array>): Promise<Snapshot> {
    return await this.#locks.run("", async () => {
      const hash = createHash("sha256");
      const chunks: string[] = [];
      let [size, added] = [0, 0];
      for await (const chunk of chunksOf(archive)) {
        hash.update(chunk);
        size += chunk.length;
        const name = sha256(chunk);
        chunks.push(name);
        added += await this.#keep(name, chunk);
      }
      const id = hash.digest("hex");
      const known = await this.#read(volume, id);
      if (known !== undefined) return shown(known);
      const manifest: Manifest = { id, volume, created: new Date().toISOString(), size, added, chunks };
      await writeWhole(this.#manifestOf(volume, id), Buffer.from(JSON.stringify(manifest)));
      return shown(manifest);
    });
  }

  async list(volume: string): Promise<readonly Snapshot[]> {
    validateVolumeName(volume);
    const names = await readdir(join(this.#root, "snapshots", volume)).catch(() => []);
    const manifests = await Promise.all(
      names.filter((name) => name.endsWith(".json")).map((name) => this.#read(volume, name.slice(0, -5))),
    );
    return manifests
      .filter((manifest) => manifest !== undefined)
      .map(shown)
      .toSorted((a, b) => (a.created < b.created ? -1 : 1));
  }

  async find(volume: string, id: string): Promise<Snapshot> {
    return theOneOf(await this.list(volume), volume, id);
  }

  async *content({ volume, id }: Pick<Snapshot, "volume" | "id">): AsyncGenerator<Uint8Array, void, undefined> {
    const manifest = await this.#read(volume, id);
    if (manifest === undefined) throw new EngineError("not-found", `no such snapshot of ${volume}: ${id}`);
    const hash = createHash("sha256");
    for (const name of manifest.chunks) {
      const chunk = await this.#chunk(name);
      hash.update(chunk);
      yield chunk;
    }
    if (hash.digest("hex") !== id) throw damaged(`it is not what ${id} was`);
  }

  async remove({ volume, id }: Pick<Snapshot, "volume" | "id">): Promise<void> {
    await this.#locks.run("", async () => {
      await unlink(this.#manifestOf(volume, id));
      await this.#sweep();
    });
  }

  async #keep(name: string, chunk: Buffer): Promise<number> {
    const path = this.#chunkPath(name);
    if ((await stat(path).catch(() => undefined)) !== undefined) return 0;
    const bytes = await compressChunk(chunk);
    await writeWhole(path, bytes);
    return bytes.length;
  }

  async #chunk(name: string): Promise<Buffer> {
    try {
      const chunk = await decompressChunk(await readFile(this.#chunkPath(name)));
      if (sha256(chunk) === name) return chunk;
    } catch (cause) {
      throw damaged(`chunk ${name} cannot be read`, cause);
    }
    throw damaged(`chunk ${name} has changed`);
  }

  async #sweep(): Promise<void> {
    const needed = new Set<string>();
    for (const volume of await readdir(join(this.#root, "snapshots"))) {
      for (const { id } of await this.list(volume)) for (const chunk of (await this.#read(volume, id))?.chunks ?? []) needed.add(chunk);
    }
    const chunks = join(this.#root, "chunks");
    for (const part of await readdir(chunks)) {
      for (const file of await readdir(join(chunks, part))) {
        if (!needed.has(file.replace(/\.zst$/, ""))) await rm(join(chunks, part, file));
      }
    }
  }

  async #read(volume: string, id: string): Promise<Manifest | undefined> {
    if (!ID.test(id)) return undefined;
    const text = await readFile(this.#manifestOf(volume, id), "utf8").catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as Manifest);
  }

  #manifestOf(volume: string, id: string): string {
    return join(this.#root, "snapshots", volume, `${id}.json`);
  }

  #chunkPath(name: string): string {
    return join(this.#root, "chunks", name.slice(0, 2), `${name}.zst`);
  }
}

function shown({ id, volume, created, size, added }: Manifest): Snapshot {
  return { id, volume, created, size, added };
}

/** There whole or not at all, and on the disk when this resolves. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `.new-${randomBytes(8).toString("hex")}`);
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
