import { checked, libc } from "../ffi.ts";
import { adopt, type AdoptedFd } from "../sockets/fd-socket.ts";

/**
 * Writes to single files. Node's `fs.watch` cannot tell that a writer closed a file, and would wake the loop for each write to a folder.
 */
const inotifyInit = libc("int inotify_init1(int flags)");
const inotifyAdd = libc("int inotify_add_watch(int fd, const char *path, uint32_t mask)");
const inotifyRemove = libc("int inotify_rm_watch(int fd, int watch)");

const IN_CLOEXEC = 0o2000000;
const IN_NONBLOCK = 0o4000;
const IN_MODIFY = 0x2;
const IN_CLOSE_WRITE = 0x8;
/** struct inotify_event: watch, mask, cookie, length of the name that follows. Files' own events have no name. */
const HEADER = 16;

export type WriteEvent = "written" | "closed";

/** One inotify instance, made when it is first needed; it does not keep the event loop alive. */
export class FileWrites implements Disposable {
  readonly #listeners = new Map<number, (event: WriteEvent) => void>();
  #adopted: AdoptedFd | undefined;

  /**
   * Hears of each write to a file (many at once may come as one), of its truncation by an open, and of writers that close it.
   *
   * @returns a function that ends it.
   * @throws SystemCallError `ENOENT`, `ENOSPC` when the host's limit of watches is reached.
   */
  listen(path: string, listener: (event: WriteEvent) => void): () => void {
    const { fd } = this.#instance();
    const watch = checked("inotify_add_watch", inotifyAdd(fd, path, IN_MODIFY | IN_CLOSE_WRITE), path);
    this.#listeners.set(watch, listener);
    return () => {
      if (this.#listeners.delete(watch) && this.#adopted !== undefined) inotifyRemove(fd, watch);
    };
  }

  [Symbol.dispose](): void {
    this.#listeners.clear();
    this.#adopted?.socket.destroy();
    this.#adopted = undefined;
  }

  #instance(): AdoptedFd {
    if (this.#adopted !== undefined) return this.#adopted;
    const fd = checked("inotify_init1", inotifyInit(IN_CLOEXEC | IN_NONBLOCK));
    const adopted = adopt(fd, { readable: true, writable: false, onRead: (events) => this.#deliver(events) });
    adopted.socket.on("error", () => {});
    adopted.socket.unref();
    this.#adopted = adopted;
    return adopted;
  }

  #deliver(events: Buffer): void {
    for (let at = 0; at + HEADER <= events.length; at += HEADER + events.readUInt32LE(at + 12)) {
      const listener = this.#listeners.get(events.readInt32LE(at));
      const mask = events.readUInt32LE(at + 4);
      if ((mask & IN_MODIFY) !== 0) listener?.("written");
      if ((mask & IN_CLOSE_WRITE) !== 0) listener?.("closed");
    }
  }
}
