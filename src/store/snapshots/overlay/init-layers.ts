import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { hexOf, type Digest } from "#spec/digest.ts";
import { detachMount } from "#sys/mounts/mount.ts";
import { makeMountPoints } from "../init-layer.ts";
import type { Layers } from "../layers.ts";
import { mountOverlay } from "./overlay-mount.ts";
import type { Staging } from "../staging.ts";

/** The init layer of each layer that containers stand on, made at the first one's start and shared by all, since nobody writes to it. */
export class InitLayers {
  readonly #folder: string;
  readonly #layers: Layers;
  readonly #staging: Staging;
  readonly #made = new Set<string>();
  readonly #making = new Map<string, Promise<void>>();

  constructor(folder: string, { layers, staging }: { layers: Layers; staging: Staging }) {
    this.#folder = folder;
    this.#layers = layers;
    this.#staging = staging;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) this.#made.add(name);
  }

  folderOf(parent: Digest | undefined): string {
    return join(this.#folder, nameOf(parent));
  }

  async ensure(parent: Digest | undefined): Promise<void> {
    const name = nameOf(parent);
    if (this.#made.has(name)) return;
    const making = this.#making.get(name) ?? this.#make(parent).finally(() => this.#making.delete(name));
    this.#making.set(name, making);
    await making;
  }

  /** With the layer it belongs to. */
  async remove(parent: Digest): Promise<void> {
    if (!this.#made.delete(nameOf(parent))) return;
    await this.#staging.discard(this.#staging.take(this.folderOf(parent)));
  }

  /** Removes those whose layer is gone. */
  async sweep(): Promise<void> {
    for (const name of this.#made) {
      if (name === NONE || this.#layers.has(`sha256:${name}`)) continue;
      await this.remove(`sha256:${name}`);
    }
  }

  async #make(parent: Digest | undefined): Promise<void> {
    const staged = this.#staging.make();
    try {
      const content = join(staged, "fs");
      mkdirSync(content);
      chmodSync(content, 0o755);
      await this.#fill(parent, staged, content);
      if (!existsSync(this.folderOf(parent))) renameSync(content, this.folderOf(parent));
      this.#made.add(nameOf(parent));
    } finally {
      await this.#staging.discard(staged);
    }
  }

  /** Written through an overlay, so that a folder of the image that gets something new keeps its owner and mode. */
  async #fill(parent: Digest | undefined, staged: string, content: string): Promise<void> {
    const lowers = this.#layers.chain(parent).map((chainId) => this.#layers.contentOf(chainId));
    if (lowers.length === 0) {
      makeMountPoints(content);
      return;
    }
    const [work, target] = [join(staged, "work"), join(staged, "merged")];
    mkdirSync(work);
    mkdirSync(target);
    mountOverlay({ lowers, upper: { folder: content, work }, volatile: true, target });
    try {
      makeMountPoints(target);
    } finally {
      await detachMount(target)();
    }
  }
}

const NONE = "none";

function nameOf(parent: Digest | undefined): string {
  return parent === undefined ? NONE : hexOf(parent);
}
