import { expect, it } from "vitest";
import { parseRegistryAuth } from "./registry-auth.ts";

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

it.each([
  [
    { username: "u", password: "p" },
    { kind: "basic", username: "u", password: "p" },
  ],
  [
    { username: "u", password: "p", identitytoken: "t" },
    { kind: "identity", token: "t" },
  ],
  [{ identityToken: "t" }, { kind: "identity", token: "t" }],
  [
    { registrytoken: "r", identitytoken: "t" },
    { kind: "registry", token: "r" },
  ],
  [{ auth: Buffer.from("u:p:q").toString("base64") }, { kind: "basic", username: "u", password: "p:q" }],
  [{}, { kind: "anonymous" }],
  [{ username: "" }, { kind: "anonymous" }],
  [null, { kind: "anonymous" }],
  [[1], { kind: "anonymous" }],
  [{ username: 1 }, { kind: "anonymous" }],
])("reads %j", (value, credential) => {
  expect(parseRegistryAuth(encode(value)).credential).toEqual(credential);
});

it("takes plain base64 and base64url", () => {
  const json = JSON.stringify({ username: "ü>?", password: "~~~" });
  const wanted = { kind: "basic", username: "ü>?", password: "~~~" };
  expect(parseRegistryAuth(Buffer.from(json).toString("base64")).credential).toEqual(wanted);
  expect(parseRegistryAuth(Buffer.from(json).toString("base64url")).credential).toEqual(wanted);
});

it.each([undefined, "", "null", "!!!", "e30=", "x".repeat(100_000)])("takes %j for anonymous", (header) => {
  expect(parseRegistryAuth(header).credential).toEqual({ kind: "anonymous" });
});

it("keeps the address it is meant for", () => {
  expect(parseRegistryAuth(encode({ username: "u", serveraddress: "reg.io" })).serverAddress).toBe("reg.io");
});
