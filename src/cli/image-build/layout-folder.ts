import { createReadStream } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CacheFolder } from "#client/builds/session.ts";
import { EngineError } from "#errors/engine-error.ts";
import { writeFile } from "../write-file.ts";

/** A folder of the user's with an OCI layout. The names in it are checked by the session. */
export class LayoutFolder implements CacheFolder {
  readonly #folder: string;
  readonly #writable: boolean;

  constructor(folder: string, writable: boolean) {
    this.#folder = folder;
    this.#writable = writable;
  }

  async has(file: string): Promise<boolean> {
    return (await stat(join(this.#folder, file)).catch(() => undefined))?.isFile() === true;
  }

  async read(file: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    return (await this.has(file)) ? createReadStream(join(this.#folder, file)) : undefined;
  }

  async write(file: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    if (!this.#writable) throw new EngineError("forbidden", "this cache is only to be read");
    const path = join(this.#folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
}
