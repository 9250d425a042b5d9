import { watch, type FSWatcher } from "node:fs";

/** Tells when a file of a certain name appears or changes in a folder: one inotify watch, however many files are waited for. */
export class FolderWatch implements Disposable {
  readonly #watcher: FSWatcher;
  readonly #listeners = new Map<string, () => void>();

  constructor(folder: string) {
    this.#watcher = watch(folder, { persistent: false }, (_event, name) => this.#listeners.get(name ?? "")?.());
    // The folder was taken away: nothing more will be told.
    this.#watcher.on("error", () => this.#watcher.close());
  }

  /** @returns a function that ends it. One listener a name: the later one counts. */
  listen(name: string, listener: () => void): () => void {
    this.#listeners.set(name, listener);
    return () => {
      if (this.#listeners.get(name) === listener) this.#listeners.delete(name);
    };
  }

  [Symbol.dispose](): void {
    this.#listeners.clear();
    this.#watcher.close();
  }
}
