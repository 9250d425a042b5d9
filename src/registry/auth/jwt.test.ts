import { generateKeyPairSync } from "node:crypto";
import { expect, it } from "vitest";
import { TokenSigner } from "./jwt.ts";

const signer = new TokenSigner(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
const now = 1000;
const claims = { iss: "i", aud: "a", sub: "s", iat: now, nbf: now, exp: now + 10, jti: "j" };
const read = (more: object, at = now): unknown => signer.read(signer.sign({ ...claims, ...more }), { issuer: "i", audience: "a", now: at });

it.each<[string, object, number, boolean]>([
  ["now", {}, now, true],
  ["at its last second", {}, now + 9, true],
  ["when it has ended", {}, now + 10, false],
  ["before it begins", { nbf: now + 1 }, now, false],
  ["by another issuer", { iss: "x" }, now, false],
  ["for another audience", { aud: "x" }, now, false],
  ["without an end", { exp: undefined }, now, false],
  ["with a text for an end", { exp: "never" }, now, false],
])("a token %s", (_, more, at, isGood) => {
  expect(read(more, at) !== undefined).toBe(isGood);
});

it("a token of another key is none", () => {
  const other = new TokenSigner(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
  expect(signer.read(other.sign(claims), { issuer: "i", audience: "a", now })).toBeUndefined();
});
