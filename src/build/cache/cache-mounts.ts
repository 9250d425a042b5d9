import { createHash } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { KeyedMutex } from "#lib/keyed-mutex.ts";
import type { Database } from "#store/db/database.ts";
import type { Trees } from "#store/tree/trees.ts";
import type { CacheSharing } from "../instructions/instruction.ts";

export interface CacheMountUse extends Disposable {
  /** On the host. */
  readonly folder: string;
  /** Nobody has written to it yet. */
  readonly isNew: boolean;
}

/** A folder that lives longer than builds, as `system df` and `prune` see it. */
export interface CacheMountEntry {
  readonly folder: string;
  /** As the Dockerfile calls it. */
  readonly name: string;
  readonly size: number;
  readonly created: number;
  readonly lastUsed: number;
  readonly uses: number;
  readonly inUse: boolean;
}

export interface CacheMountsDeps {
  readonly database: Database;
  readonly trees: Pick<Trees, "measure" | "remove">;
}

interface MountRow {
  readonly folder: string;
  readonly name: string;
  readonly size: number;
  readonly created: number;
  readonly last_used: number;
  readonly uses: number;
}

/**
 * The folders of `RUN --mount=type=cache`, by id. What an id says becomes the name of a folder by its digest alone, so that no id leads
 * anywhere else.
 */
export class CacheMounts {
  readonly #deps: CacheMountsDeps;
  readonly #root: string;
  readonly #turns = new KeyedMutex();
  /** How many steps have a folder mounted now. */
  readonly #users = new Map<string, number>();

  /** @param root a folder of its own. */
  constructor(deps: CacheMountsDeps, root: string) {
    this.#deps = deps;
    this.#root = root;
    mkdirSync(root, { recursive: true, mode: 0o711 });
  }

  /**
   * Has a folder for a step: with others, alone after the others (`locked`), or another one where this is taken (`private`).
   * The step gives it back by disposing of it.
   */
  async use(id: string, sharing: CacheSharing): Promise<CacheMountUse> {
    const name = nameOf(id);
    if (sharing === "private") return this.#take(this.#free(name), id, () => undefined);
    if (sharing === "shared") return this.#take(name, id, () => undefined);
    const turn = Promise.withResolvers<() => void>();
    const done = Promise.withResolvers<void>();
    void this.#turns.run(name, async () => {
      turn.resolve(done.resolve);
      await done.promise;
    });
    return this.#take(name, id, await turn.promise);
  }

  /** Whether anything was kept by that name yet. */
  has(id: string): boolean {
    return this.#deps.database.read((reader) => reader.get("SELECT 1 FROM build_mount WHERE folder = ?", nameOf(id))) !== undefined;
  }

  /** With the sizes that they have now. */
  async list(): Promise<CacheMountEntry[]> {
    const rows = this.#deps.database.read((reader) => reader.all<MountRow>("SELECT * FROM build_mount ORDER BY created, folder"));
    return await Promise.all(
      rows.map(async ({ last_used: lastUsed, ...row }) => ({
        ...row,
        lastUsed,
        inUse: this.#users.has(row.folder),
        size: await this.#deps.trees.measure(join(this.#root, row.folder)).catch(() => row.size),
      })),
    );
  }

  /** @returns those that are gone: not what a step has mounted. */
  async remove(folders: readonly string[]): Promise<string[]> {
    const free = folders.filter((folder) => !this.#users.has(folder));
    this.#deps.database.record((writer) => {
      for (const folder of free) writer.run("DELETE FROM build_mount WHERE folder = ?", folder);
    });
    for (const folder of free) await this.#deps.trees.remove(join(this.#root, folder));
    return free;
  }

  /** At daemon start: folders that no record explains. */
  async sweep(): Promise<void> {
    const known = new Set(
      this.#deps.database.read((reader) => reader.all<MountRow>("SELECT folder FROM build_mount")).map(({ folder }) => folder),
    );
    for (const name of readdirSync(this.#root)) if (!known.has(name)) await this.#deps.trees.remove(join(this.#root, name));
  }

  #free(name: string): string {
    for (let count = 0; ; count++) {
      const candidate = count === 0 ? name : `${name}-${count}`;
      if (!this.#users.has(candidate)) return candidate;
    }
  }

  #take(name: string, id: string, giveBack: () => void): CacheMountUse {
    const now = Date.now();
    const folder = join(this.#root, name);
    this.#users.set(name, (this.#users.get(name) ?? 0) + 1);
    const isNew = this.#deps.database.transact((writer) => {
      const known = writer.run("UPDATE build_mount SET last_used = ?, uses = uses + 1 WHERE folder = ?", now, name).changes > 0;
      if (!known) writer.run("INSERT INTO build_mount VALUES (?, ?, 0, ?, ?, 1)", name, id.slice(0, 512), now, now);
      return !known;
    });
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    return { folder, isNew, [Symbol.dispose]: () => this.#giveBack(name, giveBack) };
  }

  #giveBack(name: string, giveBack: () => void): void {
    const left = (this.#users.get(name) ?? 1) - 1;
    if (left > 0) this.#users.set(name, left);
    else this.#users.delete(name);
    giveBack();
  }
}

function nameOf(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}
