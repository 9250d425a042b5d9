import { closeSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { EngineError } from "#errors/engine-error.ts";

/** A file that is to hold the new container's id; it is taken before there is one, so that nobody writes over another's. */
export class CidFile implements Disposable {
  readonly #path: string;
  readonly #fd: number;
  #written = false;

  /** @throws EngineError `conflict`, with Docker's text, when there is an id in it already. */
  constructor(path: string) {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0) {
      throw new EngineError("conflict", `container ID file found, make sure the other container isn't running or delete ${path}`);
    }
    this.#path = path;
    try {
      this.#fd = openSync(path, "w", 0o644);
    } catch (cause) {
      throw new EngineError("invalid", `failed to create the container ID file ${path}`, { cause });
    }
  }

  write(id: string): void {
    writeSync(this.#fd, id);
    this.#written = true;
  }

  /** Without an id in it the file goes away again. */
  [Symbol.dispose](): void {
    closeSync(this.#fd);
    if (!this.#written) rmSync(this.#path, { force: true });
  }
}
