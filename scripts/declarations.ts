/**
 * Writes the types of `import … from "dhow"` to dist/types. The sources themselves cannot be handed out: who compiles against them compiles
 * them, too, by settings that are not theirs. Part of packing.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(fileURLToPath(import.meta.url), "../..");

/** @param folder is emptied before. @throws Error with the compiler's complaints. */
export function writeDeclarations(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const settings = ["--ignoreConfig", ...compilerOptions(), "--rootDir", join(root, "src"), "--outDir", folder, join(root, "src/index.ts")];
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, ...settings], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`the declarations could not be made:\n${stdout}${stderr}`);
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (name.endsWith(".d.ts")) writeFileSync(join(folder, name), withPlainImports(readFileSync(join(folder, name), "utf8"), name));
  }
}

/** Those of tsconfig.json that decide what is emitted. */
function compilerOptions(): string[] {
  const { compilerOptions: options } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8")) as {
    compilerOptions: Record<string, unknown>;
  };
  const kept = [
    "target",
    "lib",
    "module",
    "moduleResolution",
    "types",
    "strict",
    "exactOptionalPropertyTypes",
    "allowImportingTsExtensions",
  ];
  const flags = kept.flatMap((name) => [`--${name}`, String(options[name])]);
  return [...flags, "--skipLibCheck", "--declaration", "--emitDeclarationOnly"];
}

/** Paths that hold for whoever reads the file: `#lib/x.ts` and `./x.ts` become relative ones to what stands beside. */
function withPlainImports(text: string, name: string): string {
  return text.replace(/((?:from |import\()")([#.][^"]+)\.ts"/g, (_all, before: string, path: string) => {
    const plain = path.startsWith("#") ? relative(dirname(name), path.slice(1)) : path;
    return `${before}${plain.startsWith(".") ? plain : `./${plain}`}.js"`;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeDeclarations(join(root, "dist/types"));
