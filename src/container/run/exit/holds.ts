import { EngineError } from "#errors/engine-error.ts";

/**
 * Containers whose exit somebody waits for in order to go on: to remove them, or to start them again. Neither a restart policy nor
 * AutoRemove may step in between.
 */
export class ExitHolds {
  readonly #removing = new Set<string>();
  readonly #restarting = new Map<string, number>();
  readonly #stopping = new Set<string>();
  #all = false;

  /**
   * A removal, until disposed.
   *
   * @throws EngineError `conflict` with Docker's text when there is one already.
   */
  forRemoval(id: string): Disposable {
    if (this.#removing.has(id)) throw new EngineError("conflict", `removal of container ${id} is already in progress`);
    this.#removing.add(id);
    return { [Symbol.dispose]: () => void this.#removing.delete(id) };
  }

  /** A restart that a user asked for, until disposed; there may be several at once. */
  forRestart(id: string): Disposable {
    this.#count(id, 1);
    return { [Symbol.dispose]: () => this.#count(id, -1) };
  }

  /** Every container's, for the rest of this daemon's life, which ends with them. */
  forEnd(): void {
    this.#all = true;
  }

  /** A stop is under way, whose event is due with the end. */
  noteStop(id: string): void {
    this.#stopping.add(id);
  }

  /** True once for each stop that was noted. */
  takeStop(id: string): boolean {
    return this.#stopping.delete(id);
  }

  /** @throws EngineError `conflict` while it is being removed. */
  requireStaying(id: string): void {
    if (this.#removing.has(id)) throw new EngineError("conflict", "container is marked for removal and cannot be started");
  }

  isRemoving(id: string): boolean {
    return this.#removing.has(id);
  }

  isRestarting(id: string): boolean {
    return this.#restarting.has(id);
  }

  has(id: string): boolean {
    return this.#all || this.#removing.has(id) || this.#restarting.has(id);
  }

  #count(id: string, change: 1 | -1): void {
    const count = (this.#restarting.get(id) ?? 0) + change;
    if (count === 0) this.#restarting.delete(id);
    else this.#restarting.set(id, count);
  }
}
