import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TarEntry } from "../../src/lib/tar-pack.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const HOME = "opt/dhow";
/** Of the package's bundles those that a registry runs. */
const PROGRAM = ["dist/dhow.js", "dist/registry.js", "dist/bcrypt-worker.js"];
/** What these leave outside. */
const PACKAGES = ["ipaddr.js", "bcryptjs", "koffi", "@aws-sdk/client-s3"];
/** What no program reads. */
const UNREAD = /\.(?:d\.[cm]?ts|map|md|markdown|flow)$/;

const file = (name: string, path: string): TarEntry => ({ name, type: "file", mode: modeOf(path), data: readFileSync(path) });
const modeOf = (path: string): number => ((statSync(path).mode & 0o100) === 0 ? 0o644 : 0o755);

/** The Node that runs this, and the libraries that it is linked with, where its loader looks for them. */
export function nodeFiles(): TarEntry[] {
  const lines = execFileSync("ldd", [process.execPath], { encoding: "utf8" }).split("\n");
  const libraries = lines.map((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1]).filter((path) => path !== undefined);
  return [file("usr/bin/node", process.execPath), ...libraries.toSorted().map((path) => file(path.slice(1), path))];
}

/** @throws Error when the package has not been built. */
export function programFiles(): TarEntry[] {
  const missing = PROGRAM.find((path) => !existsSync(join(root, path)));
  if (missing !== undefined) throw new Error(`${missing} is missing: npm run build`);
  const own = ["package.json", "LICENSE", "NOTICE", ...PROGRAM].map((path) => file(`${HOME}/${path}`, join(root, path)));
  const modules = [...closure(PACKAGES)].toSorted().flatMap(packageFiles);
  return [...own, ...modules];
}

/** Packages with all that they need; also the one of koffi's that holds its library for this machine. */
function closure(names: readonly string[]): Set<string> {
  const found = new Set<string>();
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name) || !existsSync(join(root, "node_modules", name))) continue;
    found.add(name);
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
      readFileSync(join(root, "node_modules", name, "package.json"), "utf8"),
    ) as Dependent;
    waiting.push(...Object.keys(dependencies), ...Object.keys(optionalDependencies));
  }
  return found;
}

interface Dependent {
  readonly dependencies?: object;
  readonly optionalDependencies?: object;
}

function packageFiles(name: string): TarEntry[] {
  const folder = join(root, "node_modules", name);
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted();
  const read = names.filter((path) => !UNREAD.test(path) && statSync(join(folder, path)).isFile());
  return read.map((path) => file(`${HOME}/node_modules/${name}/${path}`, join(folder, path)));
}

/** The folders above files, each before what is in it. */
export function foldersFor(files: readonly TarEntry[]): TarEntry[] {
  const folders = new Set<string>();
  for (const { name } of files) for (let folder = dirname(name); folder !== "."; folder = dirname(folder)) folders.add(folder);
  return [...folders].toSorted().map((name) => ({ name: `${name}/`, type: "directory", mode: 0o755 }));
}
