/** By then what a start needs has run, and nobody waits for it any more. */
const DELAY_MS = 2000;

/**
 * Has V8's code written out that the launcher gave a folder for (`bin/launch.sh`): the next start takes three quarters of the time. Node does that by itself
 * at an orderly end, which a daemon need not have.
 *
 * @returns what ends it.
 */
export function keepCompiled(flush: () => void = process.getBuiltinModule("node:module").flushCompileCache): () => void {
  const timer = setTimeout(flush, DELAY_MS);
  timer.unref();
  return () => clearTimeout(timer);
}
