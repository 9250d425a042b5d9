import { describe, expect, it } from "vitest";
import { encodeBuildSecrets, LARGEST_SECRET, takeBuildSecrets } from "./secrets.ts";

async function* chunks(...parts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(Buffer.from(part));
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString();
}

const secrets = new Map<string, Uint8Array>([
  ["token", Buffer.from([0, 255, 10])],
  ["empty", Buffer.alloc(0)],
]);

describe("takeBuildSecrets", () => {
  it.each([1, 3, 1000])("takes them from the front of a body in pieces of %i bytes", async (size) => {
    const block = encodeBuildSecrets(secrets);
    const whole = Buffer.concat([block, Buffer.from("the context")]);
    const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, index) => whole.subarray(index * size, (index + 1) * size));
    const taken = await takeBuildSecrets(String(block.length), chunks(...pieces));
    expect([...taken.secrets].map(([id, value]) => [id, Buffer.from(value)])).toEqual([...secrets]);
    expect(await textOf(taken.rest)).toBe("the context");
  });

  it("leaves a body alone that has none", async () => {
    const { secrets: none, rest } = await takeBuildSecrets(undefined, chunks("a", "b"));
    expect(none.size).toBe(0);
    expect(await textOf(rest)).toBe("ab");
  });

  it.each([
    ["a length that is none", "x", "{}", "not a number of bytes"],
    ["no length", "0", "{}", "not a number of bytes"],
    ["a list of lengths", ["1", "2"], "{}", "not a number of bytes"],
    ["too much", "99999999", "{}", "larger than"],
    ["a body that ends", "10", "{}", "8 bytes before"],
    ["what is not JSON", "9", '{"SECRET"', "not a JSON object"],
    ["what is no object", "2", "[]", "not a JSON object"],
    ["what is not base64", "11", '{"a":"S E"}', "not base64"],
    ["a value that is no text", "7", '{"a":1}', "not base64"],
  ])("refuses %s, and quotes nothing", async (_, header, body, message) => {
    const failed = takeBuildSecrets(header, chunks(body));
    await expect(failed).rejects.toThrow(message);
    await expect(takeBuildSecrets(header, chunks(body))).rejects.not.toThrow("SECRET");
  });

  it("refuses one that is too large", async () => {
    const block = encodeBuildSecrets(new Map([["a", Buffer.alloc(LARGEST_SECRET + 1)]]));
    await expect(takeBuildSecrets(String(block.length), chunks(block))).rejects.toMatchObject({ category: "too-large" });
  });
});
