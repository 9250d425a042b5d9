import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeDeclarations } from "../scripts/declarations.ts";
import { examplesIn } from "./support/examples.ts";

/** What a program sees that has installed the package: no source of ours, and its own settings. */
const root = join(import.meta.dirname, "..");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dhow-package-"));
  const installed = join(folder, "node_modules/dhow");
  mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
  writeDeclarations(join(installed, "dist/types"));
  cpSync(join(root, "package.json"), join(installed, "package.json"));
  symlinkSync(join(root, "node_modules/@types/node"), join(folder, "node_modules/@types/node"));
  symlinkSync(join(root, "node_modules/undici-types"), join(folder, "node_modules/undici-types"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function compile(name: string, program: string): string {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(folder, name), program);
  const flags =
    "--strict --noUncheckedIndexedAccess --module nodenext --target es2024 --lib es2024,esnext.disposable,esnext.array --types node --noEmit";
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  return spawnSync(process.execPath, [compiler, "--ignoreConfig", ...flags.split(" "), name], { cwd: folder, encoding: "utf8" }).stdout;
}

test.each(["README.md", "docs/reference/sdk.md"])("the examples of %s compile", (page) => {
  const program = examplesIn(readFileSync(join(root, page), "utf8"), "ts");
  expect(program).toContain('from "dhow"');
  expect(compile("example.ts", program)).toBe("");
});

test("what is typed wrong does not compile", () => {
  const program = 'import { connect } from "dhow";\nconst [first] = await connect("unix:///s").containers.list();\nfirst?.Id.toFixed();\n';
  expect(compile("wrong.ts", program)).toContain("Property 'toFixed' does not exist on type 'string'");
});
