/** setTimeout's limit; what is longer fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Runs `work` after `delayMs`, however long that is. Keeps no process alive. Returns what cancels it. */
export function callAfter(delayMs: number, work: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = (rest: number): void => {
    const step = Math.min(Math.max(rest, 0), LONGEST_MS);
    timer = setTimeout(() => (rest > step ? arm(rest - step) : work()), step).unref();
  };
  arm(delayMs);
  return () => clearTimeout(timer);
}
