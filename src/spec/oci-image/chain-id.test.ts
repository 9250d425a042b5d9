import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import type { Digest } from "../digest.ts";
import { chainIds } from "./chain-id.ts";

const digest = (text: string): Digest => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const [a, b, c] = [digest("a"), digest("b"), digest("c")];

it("names a layer together with what it stands on", () => {
  const ab = digest(`${a} ${b}`);
  expect(chainIds([])).toEqual([]);
  expect(chainIds([a])).toEqual([a]);
  expect(chainIds([a, b, c])).toEqual([a, ab, digest(`${ab} ${c}`)]);
});

it("is as in the image specification's own words: order and place matter", () => {
  expect(chainIds([a, b]).at(-1)).not.toBe(chainIds([b, a]).at(-1));
  expect(new Set(chainIds([a, a, a])).size).toBe(3);
});
