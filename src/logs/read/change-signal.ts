import { type FSWatcher, watch } from "node:fs";

/** Tells of changes to a log since it was last asked, by inotify: on its folder, for files that come, and on the file that is written. */
export class ChangeSignal implements Disposable {
  readonly #folder: FSWatcher | undefined;
  #file: FSWatcher | undefined;
  #path: string | undefined;
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(folder: string) {
    this.#folder = watchPath(folder, () => this.raise());
  }

  /**
   * Which file is being written. The kernel tells a folder's watchers of writes under the name by which the writer opened the file; by now
   * that name is another file's.
   */
  setFile(path: string): void {
    if (path === this.#path) return;
    this.#file?.close();
    this.#path = path;
    this.#file = watchPath(path, () => this.raise());
    // What was written in between.
    this.raise();
  }

  /** Says that there was a change. */
  raise(): void {
    this.#changed = true;
    this.#wake?.();
  }

  /** Resolves when there was a change since the last call returned. */
  async next(): Promise<void> {
    if (!this.#changed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
    this.#changed = false;
  }

  [Symbol.dispose](): void {
    this.#folder?.close();
    this.#file?.close();
  }
}

/** Undefined when there is no such thing: nothing will change in it. */
function watchPath(path: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(path, () => onChange());
    // It was removed.
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
