import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ChunkedFraming, type Framing, HeadFraming, LengthFraming } from "./framing.ts";

/** Feeds the text in pieces and returns what was not taken. */
function rest(framing: Framing, text: string, cuts: readonly number[] = []): string {
  const bytes = Buffer.from(text, "latin1");
  const borders = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].toSorted((a, b) => a - b);
  let left = "";
  for (const [index, start] of borders.slice(0, -1).entries()) {
    const piece = bytes.subarray(start, borders[index + 1]);
    left += piece.subarray(framing.consume(piece)).toString("latin1");
  }
  return left;
}

const heads = [
  ["a request", "GET / HTTP/1.1\r\nHost: d\r\n\r\n"],
  ["blank lines before it", "\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n"],
  ["a stray carriage return", "GET /\r HTTP/1.1\r\r\n\r\n"],
] as const;

describe("HeadFraming", () => {
  test.each(heads)("%s, however it is cut", (_name, head) => {
    fc.assert(
      fc.property(fc.array(fc.nat(200)), (cuts) => {
        const framing = new HeadFraming();
        expect(rest(framing, `${head}typed`, cuts)).toBe("typed");
        expect(framing.done).toBe(true);
      }),
    );
  });

  test("is not done before the empty line", () => {
    const framing = new HeadFraming();
    expect(rest(framing, "GET / HTTP/1.1\r\nHost: d\r\n")).toBe("");
    expect(framing.done).toBe(false);
  });

  test("has not started with blank lines alone", () => {
    const framing = new HeadFraming();
    rest(framing, "\r\n\r\n");
    expect([framing.started, framing.done]).toEqual([false, false]);
  });
});

test("LengthFraming takes its bytes and no more", () => {
  const framing = new LengthFraming(5);
  expect(rest(framing, "12345typed", [2])).toBe("typed");
  expect(framing.done).toBe(true);
});

const bodies = [
  ["one chunk", "5\r\nhello\r\n0\r\n\r\n"],
  ["several", "1\r\na\r\nA\r\n0123456789\r\n0\r\n\r\n"],
  ["an extension", '5;name="a"\r\nhello\r\n0;x\r\n\r\n'],
  ["trailers", "0\r\nX-Sum: 1\r\nX-Other: 2\r\n\r\n"],
  ["data that looks like an end", "5\r\n0\r\n\r\n\r\n0\r\n\r\n"],
] as const;

describe("ChunkedFraming", () => {
  test.each(bodies)("%s, however it is cut", (_name, body) => {
    fc.assert(
      fc.property(fc.array(fc.nat(200)), (cuts) => {
        const framing = new ChunkedFraming();
        expect(rest(framing, `${body}typed`, cuts)).toBe("typed");
        expect(framing.done).toBe(true);
      }),
    );
  });

  test.each(["FFFFFFFFFFFFFFFFF\r\n{}", "\r\n0\r\n\r\n", "x\r\n0\r\n\r\n", "-1\r\n0\r\n\r\n"])("passes on all of %j", (body) => {
    const framing = new ChunkedFraming();
    expect(rest(framing, body)).toBe("");
    expect(framing.done).toBe(false);
  });
});
