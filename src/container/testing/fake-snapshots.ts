import { EngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import type { Snapshotter } from "#store/snapshots/contract.ts";

type Used = Pick<
  Snapshotter,
  "name" | "createWritable" | "mount" | "unmount" | "removeWritable" | "writableSize" | "layerSize" | "list" | "sweep"
>;

/** The part of a snapshotter that containers use, with paths that lead nowhere. */
export class FakeSnapshots implements Used {
  readonly name = "overlay2";
  readonly writables = new Map<string, { readonly parent: Digest | undefined; readonly disposable: boolean }>();
  readonly mounted = new Set<string>();
  failure: Error | undefined;

  async createWritable(id: string, parent: Digest | undefined, { disposable = false } = {}): Promise<void> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    if (this.writables.has(id)) throw new EngineError("conflict", `writable ${id} exists`);
    this.writables.set(id, { parent, disposable });
  }

  async mount(id: string): Promise<string> {
    await Promise.resolve();
    if (!this.writables.has(id)) throw new EngineError("not-found", `no writable ${id}`);
    this.mounted.add(id);
    return `/merged/${id}`;
  }

  unmount(id: string): Promise<void> {
    this.mounted.delete(id);
    return Promise.resolve();
  }

  removeWritable(id: string): Promise<void> {
    this.mounted.delete(id);
    this.writables.delete(id);
    return Promise.resolve();
  }

  writableSize(): Promise<number> {
    return Promise.resolve(10);
  }

  layerSize(): Promise<number> {
    return Promise.resolve(100);
  }

  list(): ReturnType<Snapshotter["list"]> {
    return { layers: [], writables: [...this.writables.keys()] };
  }

  sweep(): Promise<void> {
    return Promise.resolve();
  }
}
