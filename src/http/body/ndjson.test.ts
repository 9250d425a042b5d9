import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeLines, encodeLine, encodeLines } from "./ndjson.ts";

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function* each(values: readonly unknown[]): AsyncGenerator<unknown> {
  yield* values;
}

describe("decodeLines", () => {
  test("undoes encodeLines, however the bytes are cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), fc.integer({ min: 1, max: 64 }), async (values, size) => {
        const bytes = Buffer.concat(await Array.fromAsync(encodeLines(each(values))));
        const decoded = await Array.fromAsync(decodeLines(inPieces(bytes, size)));
        expect(JSON.stringify(decoded)).toBe(JSON.stringify(values));
      }),
    );
  });

  test("takes carriage returns, empty lines and a last line without an end", async () => {
    expect(await Array.fromAsync(decodeLines(inPieces(Buffer.from('{"a":1}\r\n\n\r\n"é"\n2'), 3)))).toEqual([{ a: 1 }, "é", 2]);
  });

  test("gives a value as soon as its line is there", async () => {
    const endless = (async function* () {
      yield encodeLine(1);
      await new Promise(() => undefined);
    })();
    expect(await decodeLines(endless).next()).toEqual({ done: false, value: 1 });
  });

  test("names the line that is no JSON", async () => {
    await expect(Array.fromAsync(decodeLines(inPieces(Buffer.from("1\n<html>\n"), 100)))).rejects.toThrow("<html>");
  });
});
