import type { Socket } from "node:net";
import { adopt } from "#sys/sockets/fd-socket.ts";
import { unreadBytes } from "#sys/processes/pipe.ts";
import type { OutputChunk } from "../../contract.ts";
import { OutputQueue } from "../../monitor/output-queue.ts";

interface Source {
  readonly socket: Socket;
  readonly fd: number;
}

/**
 * What an exec'd process writes, from the ends of its pipes or terminal that the daemon holds.
 *
 * It ends with the process, not with the last holder of its stdio: `sleep 1000 & echo hi` in a shell leaves a child that keeps the
 * pipe open. So once the process has ended, what is in the pipes by then is read, and that was all.
 */
export class ExecOutput {
  readonly #sources = new Set<Source>();
  readonly #queue: OutputQueue;
  readonly #graceMs: number;
  #timer: NodeJS.Timeout | undefined;
  #exited = false;

  /**
   * @param ends descriptors, which it takes over.
   * @param graceMs how long to wait for more when all is read: what is written to a terminal takes a moment to come out of it.
   */
  constructor(ends: readonly (readonly [OutputChunk["stream"], number])[], graceMs: number) {
    this.#graceMs = graceMs;
    this.#queue = new OutputQueue({
      pause: () => this.#sources.forEach(({ socket }) => socket.pause()),
      resume: () => this.#sources.forEach(({ socket }) => socket.resume()),
    });
    for (const [stream, fd] of ends) this.#addSource(stream, adopt(fd, { readable: true, writable: false }));
  }

  read(): AsyncGenerator<OutputChunk, void, undefined> {
    return this.#queue.read();
  }

  /** The reader goes away; the process may go on writing. */
  discard(): void {
    this.#queue.discard();
    for (const { socket } of this.#sources) socket.resume();
  }

  /** The process has ended. */
  finish(): void {
    this.#exited = true;
    this.#endIfRead();
  }

  #addSource(stream: OutputChunk["stream"], source: Source): void {
    const { socket } = source;
    this.#sources.add(source);
    socket.on("data", (data: Buffer) => {
      this.#queue.push(stream, data);
      if (this.#exited) this.#endIfRead();
    });
    // A terminal whose other side is closed answers EIO, a pipe its end.
    socket.on("error", () => {});
    socket.once("end", () => socket.destroy());
    socket.once("close", () => {
      this.#sources.delete(source);
      if (this.#sources.size === 0) this.#end();
    });
  }

  #endIfRead(): void {
    clearTimeout(this.#timer);
    if (!this.#isRead()) return;
    if (this.#graceMs === 0) this.#end();
    else this.#timer = setTimeout(() => this.#isRead() && this.#end(), this.#graceMs);
  }

  #isRead(): boolean {
    return [...this.#sources].every(({ socket, fd }) => socket.destroyed || (socket.readableLength === 0 && unreadBytes(fd) === 0));
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#queue.end();
    for (const { socket } of this.#sources) socket.destroy();
  }
}
