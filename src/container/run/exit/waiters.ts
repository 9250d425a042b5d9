/** How a run of a container ended, as `wait` answers it. */
export interface ExitReport {
  readonly exitCode: number;
  /** Why it could not be started, or ended without being waited for; undefined otherwise. */
  readonly error?: string | undefined;
}

type Occasion = "exit" | "removal";

/** Who waits for a container's next exit, or for its removal. */
export class ExitWaiters {
  readonly #waiting = {
    exit: new Map<string, Set<(report: ExitReport) => void>>(),
    removal: new Map<string, Set<(report: ExitReport) => void>>(),
  };

  /**
   * Registers before it returns, so that nothing that happens afterwards is missed.
   *
   * @returns a promise that rejects with the signal's reason when that aborts.
   */
  next(id: string, occasion: Occasion, signal?: AbortSignal): Promise<ExitReport> {
    const { promise, resolve, reject } = Promise.withResolvers<ExitReport>();
    const waiting = this.#waiting[occasion].get(id) ?? new Set();
    this.#waiting[occasion].set(id, waiting.add(resolve));
    const leave = (): void => {
      waiting.delete(resolve);
      if (waiting.size === 0 && this.#waiting[occasion].get(id) === waiting) this.#waiting[occasion].delete(id);
      reject(signal?.reason as Error);
    };
    if (signal?.aborted === true) leave();
    signal?.addEventListener("abort", leave, { once: true });
    const settled = promise.finally(() => signal?.removeEventListener("abort", leave));
    // Whoever asked may have gone before it looks: then nobody handles the rejection, and nobody has to.
    settled.catch(() => undefined);
    return settled;
  }

  exited(id: string, report: ExitReport): void {
    this.#tell("exit", id, report);
  }

  /** Whoever still waits for an exit is told too: there will be none any more. */
  removed(id: string, report: ExitReport): void {
    this.#tell("exit", id, report);
    this.#tell("removal", id, report);
  }

  #tell(occasion: Occasion, id: string, report: ExitReport): void {
    const waiting = this.#waiting[occasion].get(id);
    this.#waiting[occasion].delete(id);
    for (const resolve of waiting ?? []) resolve(report);
  }
}
