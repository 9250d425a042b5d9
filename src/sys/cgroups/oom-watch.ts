import { constants, watch } from "node:fs";
import { type CgroupHost, oomFile, parseOomKills, treeOf } from "./cgroup-paths.ts";
import { watchReadable, type Watch } from "../sockets/fd-socket.ts";
import { checked, libc } from "../ffi.ts";
import { closeFd, openFd } from "../processes/pipe.ts";
import { readSmallFile } from "../files/read-small-file.ts";

/**
 * Tells when the kernel has killed a process of a group for memory. What counts is the kernel's own counter; its notifications say
 * only when to look: v1 sends them just before it kills, and also where nothing is killed (`oom_kill_disable`).
 */
export interface OomWatch extends Disposable {
  /**
   * Calls the listener with the number of kills so far, whenever there are more of them, and at once if there are any already.
   * Of kills in quick succession it may be called once. Nothing is told of a group that is not there.
   *
   * @returns a function that ends it; to be called before the group is removed.
   */
  watch(path: string, listener: (kills: number) => void): () => void;
}

export function openOomWatch(host: CgroupHost): OomWatch {
  return treeOf(host, "memory")?.version === 1 ? new EventOomWatch(host) : new FileOomWatch(host);
}

/** Looks at a group's counter, and tells what is new. */
class Counter {
  readonly #file: string;
  readonly #listener: (kills: number) => void;
  #told = 0;

  constructor(host: CgroupHost, path: string, listener: (kills: number) => void) {
    this.#file = oomFile(host, path) ?? "";
    this.#listener = listener;
  }

  get file(): string {
    return this.#file;
  }

  /** False when there is nothing new. */
  look(): boolean {
    const kills = parseOomKills(readSmallFile(this.#file));
    if (kills <= this.#told) return false;
    this.#told = kills;
    this.#listener(kills);
    return true;
  }
}

/** v2: inotify tells of a change of memory.events. */
class FileOomWatch implements OomWatch {
  readonly #host: CgroupHost;
  readonly #open = new Set<() => void>();

  constructor(host: CgroupHost) {
    this.#host = host;
  }

  watch(path: string, listener: (kills: number) => void): () => void {
    const counter = new Counter(this.#host, path, listener);
    try {
      const watcher = watch(counter.file, { persistent: false }, () => counter.look());
      watcher.on("error", () => watcher.close());
      const end = (): void => {
        watcher.close();
        this.#open.delete(end);
      };
      this.#open.add(end);
      counter.look();
      return end;
    } catch {
      return () => {};
    }
  }

  [Symbol.dispose](): void {
    for (const end of this.#open) end();
  }
}

const eventfd = libc("int eventfd(unsigned int initial, int flags)");
const epollCreate = libc("int epoll_create1(int flags)");
const epollControl = libc("int epoll_ctl(int epoll, int operation, int fd, const void *event)");
const read = libc("int64_t read(int fd, void *data, size_t length)");
const write = libc("int64_t write(int fd, const void *data, size_t length)");

const CLOEXEC = 0o2000000;
const NONBLOCK = 0o4000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
/** After a notification the kill follows when a victim was found: when to look again, ms. */
const LOOK_AGAIN_AFTER = [2, 10, 50, 200, 1000];

/** v1: an eventfd a group, registered with its memory.oom_control; all of them in one epoll, which the event loop waits for. */
class EventOomWatch implements OomWatch {
  readonly #host: CgroupHost;
  readonly #epoll = checked("epoll_create1", epollCreate(CLOEXEC));
  /** By eventfd. */
  readonly #counters = new Map<number, Counter>();
  #waiting: Watch | undefined;
  #closed = false;

  constructor(host: CgroupHost) {
    this.#host = host;
  }

  watch(path: string, listener: (kills: number) => void): () => void {
    const counter = new Counter(this.#host, path, listener);
    const event = this.#register(counter.file);
    if (event === undefined) return () => {};
    this.#counters.set(event, counter);
    if (this.#waiting === undefined) this.#wait();
    counter.look();
    return () => {
      if (this.#counters.delete(event)) closeFd(event);
    };
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#waiting?.stop();
    for (const event of this.#counters.keys()) closeFd(event);
    this.#counters.clear();
    closeFd(this.#epoll);
  }

  /** Undefined when the group is not there. The kernel forgets the event when its descriptor is closed. */
  #register(file: string): number | undefined {
    const event = checked("eventfd", eventfd(0, CLOEXEC | NONBLOCK));
    try {
      subscribe(file, event);
      const wanted = Buffer.alloc(16);
      wanted.writeUInt32LE(EPOLLIN, 0);
      checked("epoll_ctl", epollControl(this.#epoll, EPOLL_CTL_ADD, event, wanted));
      return event;
    } catch {
      closeFd(event);
      return undefined;
    }
  }

  #wait(): void {
    this.#waiting = watchReadable(this.#epoll);
    this.#waiting.unref();
    void this.#waiting.ready.then(() => {
      if (this.#closed) return;
      const value = Buffer.alloc(8);
      for (const [event, counter] of this.#counters) if (Number(read(event, value, 8)) === 8) this.#look(event, counter, 0);
      this.#wait();
    });
  }

  #look(event: number, counter: Counter, attempt: number): void {
    if (this.#counters.get(event) !== counter || counter.look()) return;
    const delay = LOOK_AGAIN_AFTER[attempt];
    if (delay !== undefined) setTimeout(() => this.#look(event, counter, attempt + 1), delay).unref();
  }
}

/** cgroup-v1/cgroups.rst: `<eventfd> <descriptor of the control file>` into cgroup.event_control. */
function subscribe(file: string, event: number): void {
  const control = openFd(file, constants.O_RDONLY);
  try {
    const registry = openFd(`${file.slice(0, file.lastIndexOf("/"))}/cgroup.event_control`, constants.O_WRONLY);
    try {
      const line = Buffer.from(`${event} ${control}`);
      checked("write", write(registry, line, line.length), file);
    } finally {
      closeFd(registry);
    }
  } finally {
    closeFd(control);
  }
}
