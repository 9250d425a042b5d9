import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path/posix";

/** Tells of changes to a log's files since it was last asked, by inotify on their folder. */
export class ChangeSignal implements Disposable {
  readonly #watcher: FSWatcher | undefined;
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(path: string) {
    const name = basename(path);
    this.#watcher = watchFolder(dirname(path), (changed) => {
      if (changed?.startsWith(name) !== false) this.raise();
    });
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
    this.#watcher?.close();
  }
}

/** Undefined when there is no such folder: nothing will change in it. */
function watchFolder(folder: string, onChange: (name: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, (_event, name) => onChange(name));
    // The folder was removed.
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
