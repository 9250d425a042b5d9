import type { Socket } from "node:net";
import { adopt } from "#sys/sockets/fd-socket.ts";
import { PacketReader } from "#sys/sockets/packet-reader.ts";
import { connectUnix } from "#sys/sockets/unix-socket.ts";
import type { OutputChunk } from "../contract.ts";
import { OutputQueue } from "./output-queue.ts";

/** First byte of each packet from the monitor. */
const STREAMS: Readonly<Record<number, OutputChunk["stream"]>> = { 2: "stdout", 3: "stderr" };

/** conmon reads packets into a buffer of 32 KiB and would lose what is beyond. */
const LARGEST_PACKET = 32 * 1024 - 1;

/** One for all hubs, since what it read is spread before it reads again. conmon's own packets are of 8 KiB and a byte, and about 20 fit the socket. */
const PACKETS_AT_ONCE = 32;
let reader: PacketReader | undefined;

/**
 * The daemon's one connection to a monitor's attach socket, and its readers.
 *
 * One for all: conmon accepts a single connection in each turn of its loop and reads the container's output in between, so that of
 * two clients who connect before the start the second could miss the beginning. And it is conmon that copies for each of its clients.
 * The slowest reader makes the others, the monitor and the container wait.
 */
export class OutputHub {
  readonly #socket: Socket;
  readonly #queues = new Set<OutputQueue>();
  readonly #full = new Set<OutputQueue>();

  /** @throws SystemCallError `ENOENT`, `ECONNREFUSED`: no monitor listens any more. */
  constructor(bundle: string) {
    const onRead = (packet: Buffer): void => this.#spread([packet, ...readWaiting(fd)]);
    const { socket, fd } = adopt(connectUnix(`${bundle}/attach`, "seqpacket"), { readable: true, writable: true, onRead });
    this.#socket = socket;
    this.#socket.on("error", () => {});
    this.#socket.once("end", () => this.#socket.destroy());
    this.#socket.once("close", () => {
      for (const queue of this.#queues) queue.end();
    });
  }

  get closed(): boolean {
    return this.#socket.destroyed;
  }

  get idle(): boolean {
    return this.#queues.size === 0;
  }

  /** A reader that gets what comes from now on. */
  join(): OutputQueue {
    const queue: OutputQueue = new OutputQueue({ pause: () => this.#pause(queue), resume: () => this.#resume(queue) });
    this.#queues.add(queue);
    if (this.closed) queue.end();
    return queue;
  }

  leave(queue: OutputQueue): void {
    this.#queues.delete(queue);
    this.#resume(queue);
    queue.discard();
  }

  /** Gives bytes to the monitor for the container's stdin. */
  async relay(data: Uint8Array): Promise<void> {
    for (let start = 0; start < data.length; start += LARGEST_PACKET) {
      if (this.closed) return;
      const packet = data.subarray(start, start + LARGEST_PACKET);
      await new Promise<void>((resolve) => this.#socket.write(packet, () => resolve()));
    }
  }

  /** Has the monitor close its end of the container's stdin, after what was relayed before. Output goes on. */
  endInput(): void {
    if (!this.closed) this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Packets that follow each other on one stream reach the readers as one chunk. */
  #spread(packets: readonly Buffer[]): void {
    for (let at = 0; at < packets.length;) {
      const kind = packets[at]?.[0] ?? 0;
      const start = at;
      while (packets[at]?.[0] === kind) at++;
      const data = Buffer.concat(packets.slice(start, at).map((packet) => packet.subarray(1)));
      for (const queue of this.#queues) queue.push(STREAMS[kind] ?? "stdout", data);
    }
  }

  #pause(queue: OutputQueue): void {
    this.#full.add(queue);
    this.#socket.pause();
  }

  #resume(queue: OutputQueue): void {
    this.#full.delete(queue);
    if (this.#full.size === 0) this.#socket.resume();
  }
}

function readWaiting(fd: number): Buffer[] {
  reader ??= new PacketReader(PACKETS_AT_ONCE, LARGEST_PACKET + 1);
  return reader.read(fd);
}
