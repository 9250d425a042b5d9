/**
 * Netlink attributes: `struct nlattr { u16 length; u16 type; }`, the payload, padding to four bytes. Lengths, types and numbers are
 * in the host's byte order, which is little-endian on both architectures that Dhow runs on; what netfilter wants big-endian says so.
 * Source: linux/netlink.h.
 */
const HEADER = 4;
const NESTED = 0x8000;
/** The two top bits of a type are flags (nested, network byte order). */
const TYPE_MASK = 0x3fff;

export const align = (length: number): number => (length + 3) & ~3;

export function attribute(type: number, payload: Uint8Array): Buffer {
  const buffer = Buffer.alloc(align(HEADER + payload.length));
  buffer.writeUInt16LE(HEADER + payload.length, 0);
  buffer.writeUInt16LE(type, 2);
  buffer.set(payload, HEADER);
  return buffer;
}

export function nested(type: number, ...children: Uint8Array[]): Buffer {
  return attribute(type | NESTED, Buffer.concat(children));
}

export function u8(type: number, value: number): Buffer {
  return attribute(type, Uint8Array.of(value));
}

export function u16(type: number, value: number): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16LE(value);
  return attribute(type, payload);
}

export function u16be(type: number, value: number): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(value);
  return attribute(type, payload);
}

export function u32(type: number, value: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32LE(value);
  return attribute(type, payload);
}

/** Signed or not. */
export function u32be(type: number, value: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(value >>> 0);
  return attribute(type, payload);
}

/** A string with the NUL that the kernel's NLA_NUL_STRING wants. */
export function text(type: number, value: string): Buffer {
  return attribute(type, Buffer.from(`${value}\0`));
}

export type Attributes = ReadonlyMap<number, Buffer>;

/** Reads a run of attributes. A type that comes twice keeps its last payload; a length that does not fit ends the run. */
export function parseAttributes(buffer: Buffer): Attributes {
  const attributes = new Map<number, Buffer>();
  let offset = 0;
  while (offset + HEADER <= buffer.length) {
    const length = buffer.readUInt16LE(offset);
    if (length < HEADER || offset + length > buffer.length) break;
    attributes.set(buffer.readUInt16LE(offset + 2) & TYPE_MASK, buffer.subarray(offset + HEADER, offset + length));
    offset += align(length);
  }
  return attributes;
}

export function readText(payload: Buffer | undefined): string | undefined {
  if (payload === undefined) return undefined;
  const end = payload.indexOf(0);
  return payload.toString("utf8", 0, end < 0 ? payload.length : end);
}

export function readU32(payload: Buffer | undefined): number | undefined {
  return payload === undefined || payload.length < 4 ? undefined : payload.readUInt32LE();
}
