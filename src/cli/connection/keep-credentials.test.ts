import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { readConfigFile } from "./config-file.ts";
import { forgetCredential, keepCredential } from "./keep-credentials.ts";

/** Writes down what it is told; a registry named `broken` it does not keep. */
const HELPER = `#!/bin/sh
text=$(cat)
echo "$1 $text" >> "$0.log"
case $text in *broken*) echo 'the keyring is locked'; exit 1 ;; esac
`;

let programs: string;
let folder: string;
const before = process.env["PATH"];
beforeAll(() => {
  programs = mkdtempSync(join(tmpdir(), "test-keeper-"));
  writeFileSync(join(programs, "docker-credential-keeper"), HELPER);
  chmodSync(join(programs, "docker-credential-keeper"), 0o755);
  process.env["PATH"] = `${programs}:${before}`;
});
afterAll(() => {
  process.env["PATH"] = before;
  rmSync(programs, { recursive: true, force: true });
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "test-config-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(join(programs, "docker-credential-keeper.log"), { force: true });
});

const path = (): string => join(folder, "config.json");
const place = () => ({ config: readConfigFile(folder), configFolder: folder });
const file = (): unknown => JSON.parse(readFileSync(path(), "utf8"));
const told = (): string => readFileSync(join(programs, "docker-credential-keeper.log"), "utf8");
const me = { username: "me", password: "pa:ss", identityToken: undefined };

it("keeps them in the file, for its user alone, and nothing else of it changes", async () => {
  writeFileSync(path(), JSON.stringify({ unknown: { deep: 1 }, auths: { other: { auth: "x" } } }), { mode: 0o644 });
  expect(await keepCredential(place(), "reg.example", me)).toBe(path());
  const auth = Buffer.from("me:pa:ss").toString("base64");
  expect(file()).toEqual({ unknown: { deep: 1 }, auths: { other: { auth: "x" }, "reg.example": { auth } } });
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  await forgetCredential(place(), "reg.example");
  expect(file()).toEqual({ unknown: { deep: 1 }, auths: { other: { auth: "x" } } });
});

it("makes the file where there is none, and keeps a link one", async () => {
  const elsewhere = join(folder, "elsewhere");
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, "real.json"), "{}");
  symlinkSync(join(elsewhere, "real.json"), path());
  await keepCredential(place(), "docker.io", { ...me, identityToken: "T" });
  expect(lstatSync(path()).isSymbolicLink()).toBe(true);
  expect(file()).toEqual({ auths: { "https://index.docker.io/v1/": { auth: Buffer.from("me:").toString("base64"), identitytoken: "T" } } });
  const fresh = join(folder, "fresh");
  await keepCredential({ config: {}, configFolder: fresh }, "reg.example", me);
  expect(existsSync(join(fresh, "config.json"))).toBe(true);
});

it("hands them to the helper, and the secret to nobody else", async () => {
  writeFileSync(path(), JSON.stringify({ credsStore: "keeper" }));
  expect(await keepCredential(place(), "reg.example", me)).toBeUndefined();
  expect(told()).toBe(`store {"ServerURL":"reg.example","Username":"me","Secret":"pa:ss"}\n`);
  expect(file()).toEqual({ credsStore: "keeper", auths: { "reg.example": {} } });
  await keepCredential(place(), "docker.io", { ...me, identityToken: "T" });
  expect(told()).toContain(`store {"ServerURL":"https://index.docker.io/v1/","Username":"<token>","Secret":"T"}\n`);
  await forgetCredential(place(), "reg.example");
  expect(told()).toContain("erase reg.example\n");
});

it("says what a helper says when it fails, and keeps nothing in the file in its place", async () => {
  writeFileSync(path(), JSON.stringify({ credHelpers: { "broken.example": "keeper" } }));
  await expect(keepCredential(place(), "broken.example", me)).rejects.toThrow("ended with 1: the keyring is locked");
  expect(file()).toEqual({ credHelpers: { "broken.example": "keeper" } });
});
