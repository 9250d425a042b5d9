import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { demultiplex, encodeFrames, StdDemultiplexer, type StdPiece, type StdStream, writeFrame } from "./stdcopy.ts";

const piece = (stream: StdStream, text: string): StdPiece => ({ stream, data: Buffer.from(text) });

/** What each stream said, whatever the pieces. */
function said(pieces: readonly StdPiece[]): Partial<Record<StdStream, string>> {
  const result: Partial<Record<StdStream, string>> = {};
  for (const { stream, data } of pieces) result[stream] = (result[stream] ?? "") + Buffer.from(data).toString("latin1");
  return result;
}

test("the header is the one of the specification", () => {
  expect(encodeFrames([piece("stderr", "ab"), piece("stdout", "")]).toString("hex")).toBe("02000000000000026162" + "0100000000000000");
});

test("writeFrame writes the same bytes", async () => {
  const out = new PassThrough();
  writeFrame(out, piece("stdout", "hello"));
  out.end();
  expect(await buffer(out)).toEqual(encodeFrames([piece("stdout", "hello")]));
});

describe("StdDemultiplexer", () => {
  test("undoes the encoder, however the bytes are cut", () => {
    const pieces = fc.array(fc.record({ stream: fc.constantFrom<StdStream>("stdout", "stderr"), data: fc.uint8Array({ maxLength: 40 }) }));
    fc.assert(
      fc.property(pieces, fc.integer({ min: 1, max: 50 }), (input, size) => {
        const bytes = encodeFrames(input);
        const demultiplexer = new StdDemultiplexer();
        const output: StdPiece[] = [];
        for (let at = 0; at < bytes.length; at += size) output.push(...demultiplexer.push(bytes.subarray(at, at + size)));
        expect(said(output)).toEqual(said(input.filter(({ data }) => data.length > 0)));
        expect(demultiplexer.complete).toBe(true);
      }),
    );
  });

  test("does not wait for the rest of a frame", () => {
    const demultiplexer = new StdDemultiplexer();
    const bytes = encodeFrames([piece("stdout", "0123456789")]);
    expect(said([...demultiplexer.push(bytes.subarray(0, 12))])).toEqual({ stdout: "0123" });
    expect(demultiplexer.complete).toBe(false);
  });

  test("refuses what is not multiplexed", () => {
    expect(() => [...new StdDemultiplexer().push(Buffer.from("$ echo hello\n"))]).toThrow("unrecognized stream: 36");
  });
});

test("demultiplex notices a cut", async () => {
  const input = (async function* () {
    yield encodeFrames([piece("stdout", "hello")]).subarray(0, 10);
  })();
  await expect(Array.fromAsync(demultiplex(input))).rejects.toThrow("inside a frame");
});
