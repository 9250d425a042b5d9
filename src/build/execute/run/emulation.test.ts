import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { parsePlatform } from "#spec/platform.ts";
import { canRun } from "./emulation.ts";

const folder = mkdtempSync(join(tmpdir(), "binfmt-"));
afterAll(() => rmSync(folder, { recursive: true }));
const entry = (name: string, state: string, flags: string): void =>
  writeFileSync(join(folder, name), `${state}\ninterpreter /usr/bin/${name}\nflags: ${flags}\noffset 0\n`);
entry("qemu-aarch64", "enabled", "OCF");
entry("qemu-riscv64", "enabled", "OC");
entry("qemu-s390x", "disabled", "F");
entry("qemu-arm", "enabled", "PF");
writeFileSync(join(folder, "status"), "enabled");
const host = parsePlatform("linux/amd64");

it.each([
  ["linux/amd64", true],
  ["linux/386", true],
  ["linux/arm64", true],
  ["linux/arm/v6", true],
  ["linux/riscv64", false],
  ["linux/s390x", false],
  ["linux/ppc64le", false],
])("runs %s: %s", (platform, runs) => {
  expect(canRun(parsePlatform(platform, host), host, folder)).toBe(runs);
});

it("runs its own alone where the kernel lists nothing", () => {
  expect(canRun(host, host, "/no/such/folder")).toBe(true);
  expect(canRun(parsePlatform("linux/arm64"), host, "/no/such/folder")).toBe(false);
});
