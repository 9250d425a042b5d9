import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { hexOf, isDigest, type Digest } from "#spec/digest.ts";
import { orExhausted } from "../full-disk.ts";
import { readFacts, writeFact } from "./facts.ts";
import type { Staging } from "./staging.ts";

export interface Writable {
  readonly parent: Digest | undefined;
  /** The boot outside of which it must not be used. */
  readonly disposableIn: string | undefined;
  /** Its owners are seen through the driver's mapping. */
  readonly remapped: boolean;
}

/** An id becomes the name of a folder. */
const ID = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

/** The writables of a driver: folders with their facts, and a table in memory that is read from them once. */
export class Writables {
  readonly #folder: string;
  readonly #staging: Staging;
  readonly #writables = new Map<string, Writable>();

  constructor(folder: string, staging: Staging) {
    this.#folder = folder;
    this.#staging = staging;
    mkdirSync(folder, { recursive: true, mode: 0o710 });
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) this.#writables.set(entry.name, writableOf(join(folder, entry.name)));
    }
  }

  list(): readonly string[] {
    return [...this.#writables.keys()];
  }

  find(id: string): Writable | undefined {
    return this.#writables.get(id);
  }

  /** @throws EngineError `not-found`. */
  get(id: string): Writable {
    const writable = this.#writables.get(id);
    if (writable === undefined) throw new EngineError("not-found", `no file system ${JSON.stringify(id.slice(0, 80))}`);
    return writable;
  }

  standsOn(chainId: Digest): boolean {
    return this.#writables.values().some(({ parent }) => parent === chainId);
  }

  folderOf(id: string): string {
    return join(this.#folder, id);
  }

  /** `lay` puts the content into the new folder. @throws EngineError `invalid` for an id that is none, `conflict`, `exhausted`. */
  async create(id: string, writable: Writable, lay: (folder: string) => void | Promise<void>): Promise<void> {
    if (!ID.test(id)) throw new EngineError("invalid", `invalid file system id ${JSON.stringify(id.slice(0, 80))}`);
    if (this.#writables.has(id)) throw new EngineError("conflict", `file system ${id} exists already`);
    const staged = this.#staging.make();
    try {
      if (writable.parent !== undefined) writeFact(staged, "parent", hexOf(writable.parent));
      if (writable.disposableIn !== undefined) writeFact(staged, "disposable", writable.disposableIn);
      if (writable.remapped) writeFact(staged, "remapped", "");
      await lay(staged);
      renameSync(staged, this.folderOf(id));
    } catch (error) {
      await this.#staging.discard(staged);
      throw orExhausted(error, "making a file system failed");
    }
    this.#writables.set(id, writable);
  }

  /** Takes it out of existence, at once; returns where its content lies, for `Staging.discard`. */
  take(id: string): string {
    const taken = this.#staging.take(this.folderOf(id));
    this.#writables.delete(id);
    return taken;
  }
}

function writableOf(folder: string): Writable {
  const facts = readFacts(folder);
  const parent = `sha256:${facts.get("parent") ?? ""}`;
  return { parent: isDigest(parent) ? parent : undefined, disposableIn: facts.get("disposable"), remapped: facts.has("remapped") };
}
