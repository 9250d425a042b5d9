import { align, parseAttributes, readText } from "./attribute.ts";

/** A netlink message without its header's length, sequence and port, which the socket fills in. Source: linux/netlink.h. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly payload: Buffer;
}

/** What came back: the header's fields that matter, and the body. */
export interface Reply {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Buffer;
}

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;

export const NLM_F_APPEND = 0x800;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;
const HEADER = 16;

export function encodeMessage(message: Message, sequence: number): Buffer {
  const length = HEADER + message.payload.length;
  const buffer = Buffer.alloc(align(length));
  buffer.writeUInt32LE(length, 0);
  buffer.writeUInt16LE(message.type, 4);
  buffer.writeUInt16LE(message.flags | NLM_F_REQUEST, 6);
  buffer.writeUInt32LE(sequence, 8);
  buffer.set(message.payload, HEADER);
  return buffer;
}

/** Splits one datagram into its messages; the payloads are views into it. */
export function parseReplies(buffer: Buffer): Reply[] {
  const replies: Reply[] = [];
  let offset = 0;
  while (offset + HEADER <= buffer.length) {
    const length = buffer.readUInt32LE(offset);
    if (length < HEADER || offset + length > buffer.length) break;
    replies.push({
      type: buffer.readUInt16LE(offset + 4),
      flags: buffer.readUInt16LE(offset + 6),
      sequence: buffer.readUInt32LE(offset + 8),
      payload: buffer.subarray(offset + HEADER, offset + length),
    });
    offset += align(length);
  }
  return replies;
}

/**
 * The outcome that an NLMSG_ERROR carries: errno 0 is an acknowledgement. `explanation` is the kernel's own sentence (extended
 * acknowledgement), which stands behind the copy of the request.
 */
export function outcomeOf(reply: Reply): { errno: number; explanation: string | undefined } {
  const errno = Math.abs(reply.payload.readInt32LE(0));
  if ((reply.flags & NLM_F_ACK_TLVS) === 0) return { errno, explanation: undefined };
  const echoed = (reply.flags & NLM_F_CAPPED) === 0 ? reply.payload.readUInt32LE(4) : HEADER;
  const attributes = parseAttributes(reply.payload.subarray(4 + align(echoed)));
  return { errno, explanation: readText(attributes.get(NLMSGERR_ATTR_MSG)) };
}
