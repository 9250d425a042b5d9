import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CliConfigFile } from "./config-file.ts";
import { registryAuth } from "./credentials.ts";

const HUB = "https://index.docker.io/v1/";
const pair = (text: string): string => Buffer.from(text).toString("base64");

/** A credential helper that knows one registry, and fails in its own ways for others. */
const HELPER = `#!/bin/sh
read -r address || true
case $address in
  reg.example) echo '{"ServerURL":"reg.example","Username":"me","Secret":"s3cret"}' ;;
  token.example) echo '{"Username":"<token>","Secret":"t"}' ;;
  odd.example) echo 'not json, with s3cret' ;;
  broken.example) echo 'the keyring is locked'; exit 1 ;;
  *) echo 'credentials not found in native keychain'; exit 1 ;;
esac
`;

let folder: string;
const before = process.env["PATH"];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "test-helper-"));
  writeFileSync(join(folder, "docker-credential-test"), HELPER);
  chmodSync(join(folder, "docker-credential-test"), 0o755);
  process.env["PATH"] = `${folder}:${before}`;
});
afterAll(() => {
  process.env["PATH"] = before;
  rmSync(folder, { recursive: true, force: true });
});

describe("credentials for a registry", () => {
  it.each<[string, CliConfigFile, string, object | undefined]>([
    ["none", {}, "reg.example", undefined],
    ["somebody else's", { auths: { "other.example": { auth: pair("me:x") } } }, "reg.example", undefined],
    ["stored", { auths: { "reg.example": { auth: pair("me:pa:ss") } } }, "reg.example", { username: "me", password: "pa:ss" }],
    ["stored under an old address", { auths: { "https://reg.example/v1/": { auth: pair("me:x") } } }, "reg.example", { username: "me" }],
    ["stored for the hub", { auths: { [HUB]: { auth: pair("me:x") } } }, "docker.io", { username: "me", serveraddress: HUB }],
    ["a token", { auths: { "reg.example": { identitytoken: "t" } } }, "reg.example", { identitytoken: "t" }],
    ["a damaged pair", { auths: { "reg.example": { auth: pair("nothing") } } }, "reg.example", { serveraddress: "reg.example" }],
    ["a helper's", { credsStore: "test" }, "reg.example", { username: "me", password: "s3cret", serveraddress: "reg.example" }],
    ["a helper's token", { credsStore: "test" }, "token.example", { identitytoken: "t" }],
    ["a helper that has none", { credsStore: "test" }, "none.example", undefined],
    ["a helper for one registry", { credHelpers: { "reg.example": "test" } }, "reg.example", { username: "me" }],
    ["a helper for another registry", { credHelpers: { "reg.example": "test" } }, "docker.io", undefined],
    [
      "the environment's before a helper's",
      { credsStore: "test", environmentAuths: { "reg.example": { auth: pair("env:x") } } },
      "reg.example",
      { username: "env" },
    ],
  ])("%s", async (_name, config, registry, expected) => {
    const auth = await registryAuth(config, registry);
    if (expected === undefined) expect(auth).toBeUndefined();
    else expect(auth).toMatchObject(expected);
  });

  it.each([
    ["broken.example", "test", "ended with 1: the keyring is locked"],
    ["odd.example", "test", "did not answer in JSON"],
    ["reg.example", "not-installed", "error getting credentials"],
  ])("of %s by %s fail", async (registry, credsStore, message) => {
    const failed = await registryAuth({ credsStore }, registry).catch((error: unknown) => error);
    expect(failed).toMatchObject({ message: expect.stringContaining(message) as string });
    expect((failed as Error).message).not.toContain("s3cret");
  });
});
