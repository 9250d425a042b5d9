import { addressOf, libc } from "../ffi.ts";

/**
 * Many packets of a socket by one system call. The event loop reads one packet a turn, since a packet never fills its buffer; a
 * writer of small packets would cost a turn for each.
 */
const recvmmsg = libc("int recvmmsg(int fd, void *messages, unsigned int count, int flags, void *timeout)");

const MSG_DONTWAIT = 0x40;
/** `struct mmsghdr` and `struct iovec` of every 64-bit Linux. */
const HEADER_BYTES = 64;
const VECTOR_BYTES = 16;
const AT = { vectors: 16, vectorCount: 24, received: 56 } as const;

/** Reads what waits on a socket. Its buffers are its own: what `read` returns is good until the next call. */
export class PacketReader {
  readonly #largest: number;
  readonly #count: number;
  readonly #bytes: Buffer;
  readonly #headers: Buffer;
  /** The headers point to it, so it has to live as long. */
  readonly #vectors: Buffer;

  /**
   * @param count most packets of one call.
   * @param largest bytes of the largest packet that is expected: the rest of a larger one is lost.
   */
  constructor(count: number, largest: number) {
    this.#largest = largest;
    this.#count = count;
    this.#bytes = Buffer.allocUnsafeSlow(count * largest);
    this.#vectors = Buffer.alloc(count * VECTOR_BYTES);
    this.#headers = Buffer.alloc(count * HEADER_BYTES);
    const bytes = addressOf(this.#bytes);
    const vectors = addressOf(this.#vectors);
    for (let packet = 0; packet < count; packet++) {
      this.#vectors.writeBigUInt64LE(bytes + BigInt(packet * largest), packet * VECTOR_BYTES);
      this.#vectors.writeBigUInt64LE(BigInt(largest), packet * VECTOR_BYTES + 8);
      this.#headers.writeBigUInt64LE(vectors + BigInt(packet * VECTOR_BYTES), packet * HEADER_BYTES + AT.vectors);
      this.#headers.writeBigUInt64LE(1n, packet * HEADER_BYTES + AT.vectorCount);
    }
  }

  /** The packets that wait, as views; none at the end of the stream, or when it cannot be read: the event loop will say so. */
  read(fd: number): Buffer[] {
    const received = Number(recvmmsg(fd, this.#headers, this.#count, MSG_DONTWAIT, null));
    const packets: Buffer[] = [];
    for (let packet = 0; packet < received; packet++) {
      const size = this.#headers.readUInt32LE(packet * HEADER_BYTES + AT.received);
      if (size === 0) break;
      packets.push(this.#bytes.subarray(packet * this.#largest, packet * this.#largest + size));
    }
    return packets;
  }
}
