import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { findBzip2 } from "./bzip2.ts";
import { findIgzip } from "./igzip.ts";
import { findLzma } from "./lzma.ts";
import { decodeNatively, type NativeStream } from "./native-stream.ts";

/** Larger than the buffers of a decoder. */
const text = Buffer.from(Array.from({ length: 60_000 }, (_, index) => `layer ${index % 7} upon layer\n`).join(""));
const second = Buffer.from("second");
const nothing = Buffer.alloc(0);

interface Encoded {
  readonly text: Buffer;
  readonly second: Buffer;
  readonly nothing: Buffer;
}

/** As xz 5.4 and bzip2 1.0 wrote them. */
const xz = {
  text: "/Td6WFoAAATm1rRGAgAhARAAAACocI6G8WUfAQpdADYYS5jpw3I3uVDU07gxEU1J401rAKIW5ufOmIlDmeUsefQrDroxoWdPJ8Flg0c3Rjwk9tpTQkQ+QbeUBnP9Mb/tEXjpOJG+zKdKjJ4qkmC2yB9URORS5qQQ+Ky6ptClwrOTgC7bjDpY44BEh5XFQGFYjEk2k/aIOXsaKTVHKqUeiqiaqF4knmnR4Mbdnf3WJXhZ+AvN/5UoRg+p/Hze+5owLlbAj4Xzg4HAZcQlU/j1kTYxBaWw7m/BcE1HDNGREaqtYB26zrEnGFxZhulmUli+6XasWeTlWwUI+cfarfz7Uit0zR5bIEL53VM9+ClkCTuAyyps37U78MS9Ll+qDz5LZkKQDtXaQToAAAAAf+FkLcPQg0YAAaYCoMpFAJ3EjSqxxGf7AgAAAAAEWVo=",
  second: "/Td6WFoAAATm1rRGAgAhARAAAACocI6GAQAFc2Vjb25kAAAAOOiIxcYwtHQAAR4GwS+kHR+2830BAAAAAARZWg==",
  nothing: "/Td6WFoAAATm1rRGAAAAABzfRCEftvN9AQAAAAAEWVo=",
};
const bzip2 = {
  text: "QlpoMTFBWSZTWWWxctoAZsbZgAAQQAB/ACIF0iAwALtBTTIxMTEE1VRgATIFKqMJgTT1PCoRO1QicVSpoFU1KC0qgtaoLYIW4Qvm9UIncqETBUIntUInrpUInioRPyoRMKhEwVCJqqETEqET+YoKyTKayOd8FtACzH7MAACCAAP4ARAukQGABtoFNMjExMQTVVGABMgUqkYTRg1O5UInKoRPoVTQKpqUFoELUIWwQt6oLDeqETkqETBVFD1kCqZKhE4VCJ2qETxUImFQiYlQiaKhEwVCJ/MUFZJlNZTKSAmQAu+9mAABBAAH8AIgXSIDAA20CmmRiYmIJqqjAAmQKVU0xMRpmnRUInKoRNOAqmoVTKELQIWtUFtVBb1QW9VSp36CUP5UImCoRMlQicqhE7VCJhUImqoRMFQiaVQiYKhE8MUFZJlNZde02PwCIi1mAABBAAH8AIgXSIDAA1lCmmRiYmIJqqBMBMgKVRNNM0Qep5QqUu4VKXAQtAhfClT0FU4CqchVMBVN8KhE9lQiZKhE1VCF1CpS8CpS9CpS/QRPmgUlZKhE3VCJkqET+YoKyTKayPAOpbgAsDLMAACCAAP4ARAukQGABpgU0yMTExBNVQJp6aQAUqiaGJtRtT5QqUvVUFnSCirGQhc1QXmqCxVBdVQXAQs1Sp8VCJiVCJkqETWqETCoRPyoRO1QiZVCJkqETyqETsqET+YoKyTKayQGlrdgFsHrMAACCAAP4ARAukQGABtpRTTIxMTEE1VEyG0IeoFKomjRptTT06KhEwqETgKp5CqeigvQQvYQuAhYqgvGKoRMFQiZlQiayhE5VCJp0qET+qETKoKWUKlLaFSlmEkZ0gol2YoKyTKay78MiBgALvrMAACCAAP4ARAukQGABpgU0yMTExBNVQJgI0wUqghk9EPU/QIXGEEkdwqUtOaoLAIWoQtghb1QXFUFgKphUIncqETJUIneyoRNFQifVQiflQiZVCJkqETwqETJUIn8xQVkmU1kF2LcKALp22YAAEEAAfwAiBdIgMADWKKaZGJiYgmqom1DBD1ApVAmAjJ9oVKXcKlLgIWAheaKpqFU2CqbhVOAqnCoROyoRPZUImKoROlQiflQieKhE9VCSyhUpYhUpZQIWdAFD+YoKyTKazb4T+IAApHbMAACCAAP4ARAukQGABtoFNMjExMQTVUCYCNMFKqDJibRPU7VCJ88KhE9YVCJwFVfKoLWqC2qgt6oLYIOKpU2qhEwVCJkqETyqETlUInaoRPyoRMqhEyVCJoqETJUIn8xQVkmU1mfR4t4AKvIWYAAEEAAfwAiBdIgMADbQKaZGJiYgmqqMACZApVQekyYJ6nZUInKoRPoVTAVTQoLQIWoQtghb1QWG9UInJUImSoRPKoROFQidqhE/VQiZqhEyVCJhUkr34BVMlQifzFBWSZTWfQhXBUAdXVZgAAQQAB/ACIF0iAwANMCmmRiYmIJqqDU0ehAClSjTRiZHp8oVKXYVKWaoLAQvAQuAheaoL1VBZqgsZqhE5KhEyVCJ4VCJ9VCJj8qKGmAKp/VCJlUImSoRPSoRMlQidmKCskymsvcp86IAK7KzAAAggAD+AEQLpEBgAXAU0yMTExCmmRiYmIFKqPUaNqNNPTmIQcEINsqkbKkeqpGFSPapG6pGVSMkIOJUj52pIVqIQYIQYIQckIP5CDRCDUQg8kINRCDoXckU4UJBtD0emA=",
  second: "QlpoMTFBWSZTWSaKAjQAAAKBgA4BiAAgACIYaDAHAphdyRThQkCaKAjQ",
  nothing: "QlpoMRdyRThQkAAAAAA=",
};

const formats: readonly [string, () => { open(): NativeStream } | undefined, Encoded][] = [
  ["gzip", findIgzip, { text: gzipSync(text), second: gzipSync(second), nothing: gzipSync(nothing) }],
  ["xz", findLzma, decoded(xz)],
  ["bzip2", findBzip2, decoded(bzip2)],
];

function decoded({ text, second, nothing }: Record<keyof Encoded, string>): Encoded {
  return { text: Buffer.from(text, "base64"), second: Buffer.from(second, "base64"), nothing: Buffer.from(nothing, "base64") };
}

async function* pieces(content: Buffer, size: number): AsyncGenerator<Uint8Array> {
  // The same small arrays that V8 would move in memory, if nobody saw to it.
  for (let at = 0; at < content.length; at += size) yield Uint8Array.from(content.subarray(at, at + size));
}

describe.each(formats)("decoding %s", (_, find, encoded) => {
  const codec = find();

  async function decode(content: Buffer, size = 10_000): Promise<Buffer> {
    const found: Buffer[] = [];
    for await (const piece of decodeNatively(pieces(content, size), (codec as { open(): NativeStream }).open()))
      found.push(Buffer.from(piece));
    return Buffer.concat(found);
  }

  it("finds the library of the host", () => {
    expect(codec).toBeDefined();
  });

  it.each([1, 7, 10_000_000])("reads a stream in pieces of %d", async (size) => {
    expect((await decode(encoded.text, size)).equals(text)).toBe(true);
  });

  it("reads an empty stream and one after another", async () => {
    expect(await decode(encoded.nothing)).toHaveLength(0);
    const both = Buffer.concat([encoded.text, encoded.second]);
    expect((await decode(both, 100)).equals(Buffer.concat([text, second]))).toBe(true);
  });

  it.each([
    ["cut short", (content: Buffer) => content.subarray(0, -5)],
    ["without anything", () => Buffer.alloc(0)],
    ["with junk behind it", (content: Buffer) => Buffer.concat([content, Buffer.from("junk that is no header")])],
    ["with zeros behind it", (content: Buffer) => Buffer.concat([content, Buffer.alloc(64)])],
    ["with a changed byte", (content: Buffer) => content.with(content.length >> 1, 0x55 ^ (content[content.length >> 1] ?? 0))],
  ])("refuses a stream %s", async (_name, damage) => {
    await expect(decode(Buffer.from(damage(encoded.text)))).rejects.toThrow(/invalid|unexpected end/);
  });

  it("passes on what its source throws, and closes a source that is not read to its end", async () => {
    const content = encoded.text;
    let closed = false;
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield content.subarray(0, 100);
      throw new Error("source broke");
    }
    async function* watched(): AsyncGenerator<Uint8Array> {
      try {
        yield* pieces(Buffer.concat(Array<Buffer>(50).fill(content)), 100);
      } finally {
        closed = true;
      }
    }
    const open = (): NativeStream => (codec as { open(): NativeStream }).open();
    await expect(Array.fromAsync(decodeNatively(broken(), open()))).rejects.toThrow("source broke");
    for await (const piece of decodeNatively(watched(), open())) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    expect(closed).toBe(true);
  });
});
