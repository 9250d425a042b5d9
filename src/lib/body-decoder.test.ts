import { describe, expect, it } from "vitest";
import { bodyDecoder, BodyError } from "./body-decoder.ts";
import type { BodyCoding } from "./byte-source.ts";

/** Feeds `text` in pieces of `size` bytes. @returns the content, and what is left behind the end. */
function decode(coding: BodyCoding, text: string, size: number): { content: string; rest: string | undefined } {
  const decoder = bodyDecoder(coding);
  const bytes = Buffer.from(text, "latin1");
  let content = "";
  for (let from = 0; from < bytes.length; from += size) {
    const to = Math.min(bytes.length, from + size);
    for (let at = from; at < to;) {
      const { start, end } = decoder.next(bytes, at, to);
      content += bytes.toString("latin1", start, end);
      at = end;
      if (decoder.done) return { content, rest: bytes.toString("latin1", at) };
    }
  }
  return { content, rest: undefined };
}

const chunked: BodyCoding = { kind: "chunked" };
const sizes = [1, 2, 3, 7, 1000];

describe("the body of a message", () => {
  it.each(sizes)("of a known length ends there, in pieces of %d", (size) => {
    expect(decode({ kind: "length", bytes: 5 }, "helloGET /", size)).toEqual({ content: "hello", rest: "GET /" });
    expect(decode({ kind: "length", bytes: 11 }, "helloGET /", size)).toEqual({ content: "helloGET /", rest: undefined });
  });

  it.each(sizes)("in chunks ends with the empty one, in pieces of %d", (size) => {
    const wire = '5\r\nhello\r\n00a;x="y"\r\n, world\r\n!\r\n0\r\nA: b\r\nC: d\r\n\r\nGET /';
    expect(decode(chunked, wire, size)).toEqual({ content: "hello, world\r\n!", rest: "GET /" });
    expect(decode(chunked, "0\r\n\r\n", size)).toEqual({ content: "", rest: "" });
    expect(decode(chunked, "5\r\nhello\r\n0\r\n", size)).toEqual({ content: "hello", rest: undefined });
  });

  it.each([
    ["no size", "\r\nhello\r\n"],
    ["a sign", "-1\r\n"],
    ["another sign", "+1\r\nx\r\n"],
    ["a prefix", "0x1\r\nx\r\n"],
    ["a blank before a size", " 1\r\nx\r\n"],
    ["a blank behind a size", "1 \r\nx\r\n"],
    ["a size that overflows", `${"f".repeat(14)}\r\n`],
    ["a bare line feed behind a size", "1\nx\r\n"],
    ["a bare line feed behind an extension", "1;a\nx\r\n"],
    ["a carriage return alone", "1\rx"],
    ["a chunk that is longer than it says", "1\r\nxy\r\n"],
    ["a chunk with a bare line feed", "1\r\nx\n0\r\n\r\n"],
    ["a bare line feed at the end", "0\r\n\n"],
    ["a bare line feed in a trailer", "0\r\nA: b\n\r\n"],
    ["an extension without end", `1;${"a".repeat(20_000)}`],
    ["trailers without end", `0\r\n${"A: b\r\n".repeat(5000)}`],
  ])("is refused with %s", (_name, wire) => {
    for (const size of sizes) expect(() => decode(chunked, wire, size)).toThrow(BodyError);
  });
});
