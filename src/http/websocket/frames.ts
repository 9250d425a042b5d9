/** The frames of RFC 6455, 5.2, without extensions: the server's side. */

export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Status codes of a close frame that this side sends. */
export const CloseCode = { normal: 1000, goingAway: 1001, protocolError: 1002, invalidText: 1007, tooBig: 1009 } as const;

/** What a client did against the protocol; `code` tells it so. */
export class WebSocketError extends Error {
  override readonly name = "WebSocketError";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export type WebSocketInput =
  /** A piece of a message, as it came: a message that takes long, or is large, is never held. */
  | { readonly kind: "data"; readonly data: Buffer }
  | { readonly kind: "ping"; readonly data: Buffer }
  | { readonly kind: "close"; readonly code: number | undefined };

interface Frame {
  readonly opcode: number;
  readonly final: boolean;
  readonly mask: Buffer;
  remaining: number;
  /** Bytes of the payload that were read: where in the mask the next one is. */
  offset: number;
}

const LARGEST_CONTROL = 125;
/** Nothing of a frame is kept, so this bounds no memory; a client that announces more means something else. */
const LARGEST_FRAME = 2 ** 31 - 1;
/** Two bytes, eight of a length, four of a mask. */
const LONGEST_HEAD = 14;

/**
 * Takes a client's frames apart, however they are cut. Holds the head of a frame or the payload of a control frame, and nothing else.
 */
export class FrameReader {
  #head: Buffer = Buffer.alloc(0);
  #frame: Frame | undefined;
  #control: Buffer[] = [];
  /** Opcode of the message that is under way; its fragments have none of their own. */
  #message: number | undefined;
  #text = new TextDecoder("utf-8", { fatal: true });

  /** @throws WebSocketError after which the connection has to end. */
  *push(data: Buffer): Generator<WebSocketInput> {
    let rest = data;
    for (;;) {
      if (this.#frame === undefined) {
        rest = this.#readHead(rest);
        if (this.#frame === undefined) return;
      }
      const frame: Frame = this.#frame;
      const piece = rest.subarray(0, frame.remaining);
      rest = rest.subarray(piece.length);
      const input = this.#readPayload(frame, piece);
      if (input !== undefined) yield input;
      if (frame.remaining > 0) return;
      this.#frame = undefined;
    }
  }

  /** @returns what does not belong to the head. */
  #readHead(data: Buffer): Buffer {
    const known = this.#head.length;
    const head = known === 0 ? data : Buffer.concat([this.#head, data.subarray(0, LONGEST_HEAD)]);
    const length = headLength(head);
    if (length === undefined || head.length < length) {
      this.#head = Buffer.from(head);
      return Buffer.alloc(0);
    }
    this.#head = Buffer.alloc(0);
    this.#frame = this.#checked(parseHead(head.subarray(0, length)));
    return data.subarray(length - known);
  }

  #checked(frame: Frame): Frame {
    if (isControl(frame.opcode)) {
      if (!frame.final || frame.remaining > LARGEST_CONTROL) throw violation("a control frame is short and whole");
      this.#control = [];
      return frame;
    }
    if (frame.remaining > LARGEST_FRAME) throw new WebSocketError(CloseCode.tooBig, "the frame is too large");
    if ((frame.opcode === Opcode.continuation) !== (this.#message !== undefined)) throw violation("a fragment out of place");
    if (frame.opcode !== Opcode.continuation) this.#message = frame.opcode;
    return frame;
  }

  #readPayload(frame: Frame, masked: Buffer): WebSocketInput | undefined {
    const data = unmask(frame, masked);
    frame.remaining -= data.length;
    frame.offset += data.length;
    if (!isControl(frame.opcode)) return this.#readMessage(frame, data);
    this.#control.push(data);
    return frame.remaining > 0 ? undefined : controlOf(frame.opcode, Buffer.concat(this.#control));
  }

  #readMessage(frame: Frame, data: Buffer): WebSocketInput | undefined {
    const ends = frame.final && frame.remaining === 0;
    if (this.#message === Opcode.text) this.#checkText(data, ends);
    if (ends) this.#message = undefined;
    return data.length === 0 ? undefined : { kind: "data", data };
  }

  #checkText(data: Buffer, ends: boolean): void {
    try {
      this.#text.decode(data, { stream: !ends });
    } catch {
      throw new WebSocketError(CloseCode.invalidText, "text that is not UTF-8");
    }
  }
}

/** Undefined while that much of it is not there. @throws WebSocketError */
function headLength(data: Buffer): number | undefined {
  const [first, second] = data;
  if (first === undefined || second === undefined) return undefined;
  if ((first & 0x70) !== 0) throw violation("no extension was agreed on");
  if (!(Object.values(Opcode) as number[]).includes(first & 0x0f)) throw violation("an unknown opcode");
  if ((second & 0x80) === 0) throw violation("a client's frames are masked");
  const length = second & 0x7f;
  return 6 + (length === 126 ? 2 : length === 127 ? 8 : 0);
}

function parseHead(head: Buffer): Frame {
  const [first = 0, second = 0] = head;
  const length = second & 0x7f;
  const extended = length === 127 ? Number(head.readBigUInt64BE(2)) : length === 126 ? head.readUInt16BE(2) : length;
  return { opcode: first & 0x0f, final: (first & 0x80) !== 0, mask: Buffer.from(head.subarray(-4)), remaining: extended, offset: 0 };
}

function unmask({ mask, offset }: Frame, data: Buffer): Buffer {
  const plain = Buffer.allocUnsafe(data.length);
  for (let index = 0; index < data.length; index += 1) plain[index] = (data[index] ?? 0) ^ (mask[(offset + index) & 3] ?? 0);
  return plain;
}

function isControl(opcode: number): boolean {
  return opcode >= Opcode.close;
}

function controlOf(opcode: number, data: Buffer): WebSocketInput | undefined {
  if (opcode === Opcode.pong) return undefined;
  if (opcode === Opcode.ping) return { kind: "ping", data };
  if (data.length === 0) return { kind: "close", code: undefined };
  if (data.length === 1 || !isCloseCode(data.readUInt16BE(0))) throw violation("a malformed close frame");
  return { kind: "close", code: data.readUInt16BE(0) };
}

/** RFC 6455, 7.4: the others are for this side's own use, or nobody's. */
function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
}

function violation(message: string): WebSocketError {
  return new WebSocketError(CloseCode.protocolError, message);
}

/** The head of a whole, unmasked frame; the payload follows. */
export function frameHead(opcode: number, length: number): Buffer {
  const first = 0x80 | opcode;
  if (length <= LARGEST_CONTROL) return Buffer.from([first, length]);
  if (length < 2 ** 16) return Buffer.from([first, 126, length >> 8, length & 0xff]);
  const head = Buffer.alloc(10);
  head[0] = first;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

export function closeFrame(code: number): Buffer {
  return Buffer.concat([frameHead(Opcode.close, 2), Buffer.from([code >> 8, code & 0xff])]);
}
