import { flushCompileCache } from "node:module";
import { libc } from "../ffi.ts";

const exit = libc("void _exit(int status)");

/**
 * Ends the process, now. `process.exit` first waits for V8's threads, which may wait for the garbage collection of the very thread that
 * waits for them: a daemon was seen to hang so at its end for ever (Node 26.10, CollectionBarrier::AwaitCollectionBackground under
 * WorkerThreadsTaskRunner::Shutdown). Nothing that Node would do is owed by then but to keep what V8 compiled; no profile is written.
 */
export function leave(code: number): never {
  flushCompileCache();
  exit(code);
  throw new Error("a process that has left goes on");
}
