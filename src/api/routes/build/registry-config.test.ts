import { expect, it } from "vitest";
import { parseRegistryConfig } from "./registry-config.ts";

const header = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

it("gives each registry its own credentials, and no other's", () => {
  const authFor = parseRegistryConfig(
    header({
      "reg.io": { username: "u", password: "p" },
      "https://index.docker.io/v1/": { username: "h", password: "q" },
      "https://t.io/": { registrytoken: "t" },
    }),
  );
  expect(authFor("reg.io")).toEqual({ credential: { kind: "basic", username: "u", password: "p" }, serverAddress: "reg.io" });
  expect(authFor("docker.io").credential).toEqual({ kind: "basic", username: "h", password: "q" });
  expect(authFor("t.io").credential).toEqual({ kind: "registry", token: "t" });
  for (const other of ["reg.io.evil", "evil-reg.io", "reg.io:5000", "io", "__proto__"])
    expect(authFor(other).credential.kind).toBe("anonymous");
});

it("is nobody without, and refuses what it cannot read without showing it", () => {
  expect(parseRegistryConfig(undefined)("docker.io").credential.kind).toBe("anonymous");
  expect(parseRegistryConfig(header(null))("docker.io").credential.kind).toBe("anonymous");
  expect(() => parseRegistryConfig(Buffer.from('{"a":"hunter2"').toString("base64"))).toThrow(
    "X-Registry-Config is not the base64 of a JSON object",
  );
});
