/** Most clients that copy ask two or three times in a row; the end of an overlay's mount costs up to 400 ms. */
const LINGER_MS = 1000;

interface Loan {
  count: number;
  /** The last one takes the mount away: it is there for borrowers alone. */
  ownedByBorrowers: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** Who has a mounted root on loan, and whether it goes when all have given it back. */
export class BorrowedMounts {
  readonly #loans = new Map<string, Loan>();
  readonly #unmount: (id: string) => void;

  /** @param unmount nobody needs it any more; to be asked for under the id's lock with `mayGo`. */
  constructor(unmount: (id: string) => void) {
    this.#unmount = unmount;
  }

  take(id: string, { mountedBefore }: { mountedBefore: boolean }): void {
    const loan = this.#loans.get(id) ?? { count: 0, ownedByBorrowers: !mountedBefore, timer: undefined };
    clearTimeout(loan.timer);
    loan.count += 1;
    this.#loans.set(id, loan);
  }

  giveBack(id: string): void {
    const loan = this.#loans.get(id);
    if (loan === undefined) return;
    loan.count -= 1;
    if (loan.count > 0) return;
    if (!loan.ownedByBorrowers) this.#loans.delete(id);
    else loan.timer = setTimeout(() => this.#unmount(id), LINGER_MS).unref();
  }

  /** Somebody mounts it for his own sake. */
  claim(id: string): void {
    const loan = this.#loans.get(id);
    if (loan === undefined) return;
    loan.ownedByBorrowers = false;
    if (loan.count === 0) this.forget(id);
  }

  /** Its owner wants it unmounted. True when nobody has it on loan; else the last borrower sees to it. */
  mayGo(id: string): boolean {
    const loan = this.#loans.get(id);
    if (loan !== undefined && loan.count > 0) {
      loan.ownedByBorrowers = true;
      return false;
    }
    this.forget(id);
    return true;
  }

  forget(id: string): void {
    clearTimeout(this.#loans.get(id)?.timer);
    this.#loans.delete(id);
  }

  /** Those that only wait for somebody to borrow them again. */
  lingering(): string[] {
    return [...this.#loans].filter(([, { count }]) => count === 0).map(([id]) => id);
  }
}
