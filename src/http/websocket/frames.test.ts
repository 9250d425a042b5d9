import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { closeFrame, frameHead, FrameReader, Opcode, WebSocketError, type WebSocketInput } from "./frames.ts";
import { webSocketAccept } from "./handshake.ts";

interface ClientFrame {
  readonly opcode: number;
  readonly payload?: Uint8Array | string;
  readonly final?: boolean;
}

/** A frame as a client sends it. */
function masked({ opcode, payload = "", final = true }: ClientFrame, mask = Buffer.from([1, 2, 3, 4])): Buffer {
  const data = Buffer.from(payload as string);
  const head = frameHead(opcode, data.length);
  head[0] = (final ? 0x80 : 0) | opcode;
  head[1] = (head[1] ?? 0) | 0x80;
  return Buffer.concat([head, mask, data.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}

/** Data pieces joined, with what came between them in place. */
function read(bytes: Buffer, cuts: readonly number[] = []): (string | WebSocketInput)[] {
  const reader = new FrameReader();
  const seen: (string | WebSocketInput)[] = [];
  const at = [0, ...cuts, bytes.length];
  for (let index = 0; index + 1 < at.length; index += 1) {
    for (const input of reader.push(bytes.subarray(at[index], at[index + 1]))) {
      const last = seen.at(-1);
      if (input.kind !== "data") seen.push(input);
      else if (typeof last === "string") seen[seen.length - 1] = last + input.data.toString("latin1");
      else seen.push(input.data.toString("latin1"));
    }
  }
  return seen;
}

describe("frames of a client", () => {
  test.each([1, 125, 126, 65_535, 65_536])("a message of %i bytes", (length) => {
    const payload = Buffer.alloc(length, "x");
    expect(read(masked({ opcode: Opcode.binary, payload }))).toEqual([payload.toString()]);
  });

  test("a message in fragments, with a ping among them", () => {
    const frames = [
      masked({ opcode: Opcode.text, payload: "gr", final: false }),
      masked({ opcode: Opcode.ping, payload: "?" }),
      masked({ opcode: Opcode.continuation, payload: "", final: false }),
      masked({ opcode: Opcode.continuation, payload: "üße" }),
      masked({ opcode: Opcode.pong, payload: "unasked" }),
      masked({ opcode: Opcode.close, payload: Buffer.from([0x03, 0xe8]) }),
    ];
    const text = Buffer.from("üße").toString("latin1");
    expect(read(Buffer.concat(frames))).toEqual(["gr", { kind: "ping", data: Buffer.from("?") }, text, { kind: "close", code: 1000 }]);
  });

  test("however they are cut, the same comes out", () => {
    const frame = fc.record({ opcode: fc.constantFrom(Opcode.binary, Opcode.ping), payload: fc.uint8Array({ maxLength: 120 }) });
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1 }), fc.array(fc.nat(3000)), (frames, positions) => {
        const bytes = Buffer.concat(frames.map((one) => masked(one)));
        const cuts = positions.map((position) => position % bytes.length).toSorted((one, other) => one - other);
        expect(read(bytes, cuts)).toEqual(read(bytes));
      }),
    );
  });

  test("random bytes end in data or in a refusal, never otherwise", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          read(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(WebSocketError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("a piece of a long message is handed on before the rest is there", () => {
    const reader = new FrameReader();
    const bytes = masked({ opcode: Opcode.binary, payload: Buffer.alloc(1_000_000) });
    const [input] = [...reader.push(bytes.subarray(0, 1000))];
    expect(input).toMatchObject({ kind: "data" });
  });

  const half = Buffer.from("ü").subarray(0, 1);
  test.each<[string, Buffer, number]>([
    ["without a mask", Buffer.concat([frameHead(Opcode.text, 1), Buffer.from("x")]), 1002],
    ["with a reserved bit", Buffer.from([0xc2, 0x80]), 1002],
    ["of an unknown opcode", Buffer.from([0x83, 0x80]), 1002],
    ["a fragment of nothing", masked({ opcode: Opcode.continuation }), 1002],
    ["a message within a message", Buffer.concat([masked({ opcode: Opcode.text, final: false }), masked({ opcode: Opcode.text })]), 1002],
    ["a ping in fragments", masked({ opcode: Opcode.ping, final: false }), 1002],
    ["a long ping", masked({ opcode: Opcode.ping, payload: "x".repeat(126) }), 1002],
    ["a close of one byte", masked({ opcode: Opcode.close, payload: "x" }), 1002],
    ["a close with a code that nobody sends", masked({ opcode: Opcode.close, payload: Buffer.from([0x03, 0xed]) }), 1002],
    ["larger than any", Buffer.from([0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]), 1009],
    ["text that is none", masked({ opcode: Opcode.text, payload: Buffer.from([0xff]) }), 1007],
    ["text that ends in half a character", masked({ opcode: Opcode.text, payload: half }), 1007],
  ])("%s: refused", (_, bytes, code) => {
    expect(() => read(bytes)).toThrow(expect.objectContaining({ code }));
  });

  test("binary messages are whatever they are", () => {
    expect(read(masked({ opcode: Opcode.binary, payload: half }))).toEqual([half.toString("latin1")]);
  });
});

test("frames of this side", () => {
  expect(closeFrame(1000)).toEqual(Buffer.from([0x88, 2, 0x03, 0xe8]));
  expect(frameHead(Opcode.binary, 300)).toEqual(Buffer.from([0x82, 126, 1, 44]));
  expect(frameHead(Opcode.text, 70_000)).toEqual(Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70]));
});

describe("the handshake", () => {
  const good = {
    upgrade: "websocket",
    connection: "keep-alive, Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };

  test("of RFC 6455, 1.3", () => {
    expect(webSocketAccept({ headers: good })).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  });

  test.each([
    [{ upgrade: undefined }, "not a websocket handshake"],
    [{ upgrade: "tcp" }, "not a websocket handshake"],
    [{ connection: "close" }, "not a websocket handshake"],
    [{ "sec-websocket-version": "8" }, "unsupported websocket version"],
    [{ "sec-websocket-key": "short" }, "malformed Sec-WebSocket-Key"],
    [{ "sec-websocket-key": undefined }, "malformed Sec-WebSocket-Key"],
  ])("with %j is refused", (change, message) => {
    expect(() => webSocketAccept({ headers: { ...good, ...change } })).toThrow(message);
  });
});
