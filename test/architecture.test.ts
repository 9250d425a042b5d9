import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { layers, typeOnlyLayers } from "../layers.config.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const planted: string[] = [];
afterEach(() => planted.splice(0).forEach((file) => rmSync(file, { force: true })));

/** Writes a source file, lints it as the project is linted, and returns what the linter says. */
function lint(folder: string, source: string): string {
  mkdirSync(`${root}src/${folder}`, { recursive: true });
  const file = `${root}src/${folder}/planted-by-architecture-test.ts`;
  planted.push(file);
  writeFileSync(file, source);
  return spawnSync(process.execPath, [`${root}node_modules/.bin/oxlint`, file], { cwd: root, encoding: "utf8" }).stdout;
}

// Each plants a file and lints it: a process of a second or more on a busy machine.
describe("the walls of the house", { timeout: 60_000 }, () => {
  it.each([
    ["lib", "sys", 'import { libc } from "#sys/ffi.ts";\nexport const x = libc;\n'],
    ["spec", "store", 'import { Database } from "#store/db/database.ts";\nexport const x = Database;\n'],
    ["container", "network", 'import { x } from "#network/record/network.ts";\nexport const y = x;\n'],
    ["store", "container", 'import type { ImageSource } from "#container/ports.ts";\nexport type X = ImageSource;\n'],
    ["api", "engine", 'import { x } from "#engine/info.ts";\nexport const y = x;\n'],
    ["cli", "daemon", 'import { x } from "#daemon/wire.ts";\nexport const y = x;\n'],
    ["http", "errors by a relative path", 'import { x } from "../sys/ffi.ts";\nexport const y = x;\n'],
  ])("%s may not import %s", (folder, _other, source) => {
    expect(lint(folder, source)).toContain(`src/${folder} may not import`);
  });

  it("nor may a room deep in a folder, by a path that climbs out of it", () => {
    expect(lint("cli/commands/image", 'import { x } from "../../../network/service.ts";\nexport const y = x;\n')).toContain(
      "src/cli may not import src/network",
    );
  });

  it.each([
    ["container", 'import { EngineError } from "#errors/engine-error.ts";\nexport const x = EngineError;\n'],
    ["api", 'import type { ImageSource } from "#container/ports.ts";\nexport type X = ImageSource;\n'],
  ])("%s may import what its line says", (folder, source) => {
    expect(lint(folder, source)).not.toContain("may not import");
  });

  it("have a line for every folder that holds code", () => {
    const free = ["bin", "daemon"]; // the top of the house imports everything
    const folders = readdirSync(`${root}src`, { withFileTypes: true }).filter(
      (entry) => entry.isDirectory() && readdirSync(`${root}src/${entry.name}`).length > 0,
    );
    expect(folders.map((entry) => entry.name).filter((name) => !free.includes(name) && !(name in layers))).toEqual([]);
  });

  it("flow one way: no two folders may import each other", () => {
    const mutual = Object.entries(layers).flatMap(([folder, allowed]) =>
      allowed.filter((other) => layers[other]?.includes(folder)).map((other) => `${folder} <-> ${other}`),
    );
    expect(mutual).toEqual([]);
    expect(Object.keys(typeOnlyLayers).every((folder) => folder in layers)).toBe(true);
  });

  it("close the environment and the exit to everything but config and bin", () => {
    const said = lint("lib", 'export const home = process.env["HOME"];\nexport const stop = (): never => process.exit(1);\n');
    expect(said).toContain("Only src/config and src/bin read the environment");
    expect(said).toContain("Only src/bin ends the process");
  });

  it("are what the documentation draws", () => {
    expect(existsSync(`${root}docs/architecture.md`)).toBe(true);
  });
});
