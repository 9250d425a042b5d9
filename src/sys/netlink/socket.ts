import { checked, lastErrno, libc, SystemCallError } from "#sys/ffi.ts";
import {
  encodeMessage,
  type Message,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLMSG_DONE,
  NLMSG_ERROR,
  outcomeOf,
  parseReplies,
  type Reply,
} from "./message.ts";

const socket = libc("int socket(int domain, int type, int protocol)");
const setsockopt = libc("int setsockopt(int fd, int level, int name, const void *value, uint32_t length)");
const send = libc("int64_t send(int fd, const void *data, size_t length, int flags)");
const recv = libc("int64_t recv(int fd, void *data, size_t length, int flags)");
const close = libc("int close(int fd)");

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const MSG_TRUNC = 0x20;
const EINTR = 4;
const EMSGSIZE = 90;

export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

/** `struct nfgenmsg` with the subsystem, nftables, in its `res_id`. */
const BATCH = { flags: 0, payload: Buffer.from([0, 0, 0, 10]) };
const BATCH_BEGIN: Message = { ...BATCH, type: 16 };
const BATCH_END: Message = { ...BATCH, type: 17 };

/** The kernel fills dumps in pieces of at most 32 KiB; a datagram that did not fit would be cut, and is refused. */
const RECEIVE_SIZE = 64 * 1024;
/** The kernel answers while `send` runs, so a wait this long means that an answer was lost. */
const RECEIVE_SECONDS = 10n;

/**
 * A blocking netlink socket. It belongs for good to the network namespace that its thread was in when it was opened.
 *
 * A request runs inside `send`, under the kernel's one lock for all of networking (rtnl), which another request, say the removal
 * of a link, can hold for tens of milliseconds. So a socket is used in the network worker, not on the event loop.
 */
export class NetlinkSocket implements Disposable {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(RECEIVE_SIZE);
  #sequence = 0;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  static open(protocol: typeof NETLINK_ROUTE | typeof NETLINK_NETFILTER): NetlinkSocket {
    const fd = checked("socket", socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol));
    const on = Buffer.from(Uint32Array.of(1).buffer);
    for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK]) checked("setsockopt", setsockopt(fd, SOL_NETLINK, option, on, 4));
    const patience = Buffer.from(BigInt64Array.of(RECEIVE_SECONDS, 0n).buffer);
    checked("setsockopt", setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, patience, patience.length));
    return new NetlinkSocket(fd);
  }

  /**
   * Sends requests in one datagram and waits for the acknowledgement of each. The kernel takes them in order and goes on after
   * one that failed.
   *
   * @param what for the error: what was being done, e.g. `link dhow0`.
   * @throws SystemCallError the first that failed.
   */
  request(what: string, ...messages: Message[]): void {
    const first = this.#send(messages.map((message) => ({ ...message, flags: message.flags | NLM_F_ACK })));
    let failure: SystemCallError | undefined;
    for (let acknowledged = 0; acknowledged < messages.length;) {
      for (const reply of this.#receive()) {
        if (reply.type !== NLMSG_ERROR || reply.sequence < first) continue;
        acknowledged++;
        failure ??= failureOf(reply, what);
      }
    }
    if (failure !== undefined) throw failure;
  }

  /**
   * Sends netfilter's messages as one transaction: all of them, or nothing.
   *
   * @throws SystemCallError the first that failed.
   */
  transact(what: string, ...messages: Message[]): void {
    const acknowledged = messages.map((message) => ({ ...message, flags: message.flags | NLM_F_ACK }));
    const begin = this.#send([BATCH_BEGIN, ...acknowledged, BATCH_END]);
    let failure: SystemCallError | undefined;
    for (let answered = 0; answered < messages.length;) {
      for (const reply of this.#receive()) {
        if (reply.type !== NLMSG_ERROR || reply.sequence < begin) continue;
        failure ??= failureOf(reply, what);
        // Refused as a whole: nothing else is answered.
        if (reply.sequence === begin && failure !== undefined) throw failure;
        if (reply.sequence !== begin) answered++;
      }
    }
    if (failure !== undefined) throw failure;
  }

  /** Asks for one object. @throws SystemCallError e.g. with ENODEV, ENOENT. */
  query(what: string, message: Message): Buffer {
    const sequence = this.#send([message]);
    for (;;) {
      for (const reply of this.#receive()) {
        if (reply.sequence !== sequence) continue;
        if (reply.type !== NLMSG_ERROR) return Buffer.from(reply.payload);
        throw failureOf(reply, what) ?? new SystemCallError("netlink", 0, what);
      }
    }
  }

  /** Asks for every object of a kind. The payloads are copies. */
  dump(what: string, message: Message): Buffer[] {
    const sequence = this.#send([{ ...message, flags: message.flags | NLM_F_DUMP }]);
    const payloads: Buffer[] = [];
    for (;;) {
      for (const reply of this.#receive()) {
        if (reply.sequence !== sequence) continue;
        const failure = reply.type === NLMSG_ERROR ? failureOf(reply, what) : undefined;
        if (failure !== undefined) throw failure;
        if (reply.type === NLMSG_DONE) return payloads;
        payloads.push(Buffer.from(reply.payload));
      }
    }
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }

  /** @returns the sequence number of the first message. */
  #send(messages: readonly Message[]): number {
    const first = this.#sequence + 1;
    this.#sequence += messages.length;
    const datagram = Buffer.concat(messages.map((message, index) => encodeMessage(message, first + index)));
    checked("send", send(this.#fd, datagram, datagram.length, 0));
    return first;
  }

  #receive(): Reply[] {
    let length: number;
    do length = Number(recv(this.#fd, this.#buffer, this.#buffer.length, MSG_TRUNC));
    while (length < 0 && lastErrno() === EINTR);
    checked("recv", length);
    if (length > this.#buffer.length) throw new SystemCallError("recv", EMSGSIZE);
    return parseReplies(this.#buffer.subarray(0, length));
  }
}

function failureOf(reply: Reply, what: string): SystemCallError | undefined {
  const { errno, explanation } = outcomeOf(reply);
  if (errno === 0) return undefined;
  return new SystemCallError("netlink", errno, explanation === undefined ? what : `${what} (${explanation})`);
}
