import type { InstalledPackage, System } from "../../attest/inventory.ts";
import { stanzasOf } from "./stanzas.ts";

/** Readers of package databases. All that they are given was written by an image: what does not look like a package is none. */

type Found = Omit<InstalledPackage, "foundIn">;

/** Longer names and versions are no package manager's. */
const LONGEST = 256;

/** @returns undefined for what is no word of a package. */
export function word(value: unknown): string | undefined {
  return typeof value === "string" && value.length > 0 && value.length <= LONGEST && !/[\p{Cc}\p{Cs}\s]/u.test(value) ? value : undefined;
}

/** Licences have spaces: only what would break a line is refused. */
function phrase(value: unknown): string | undefined {
  return typeof value === "string" && value.length > 0 && value.length <= LONGEST && !/[\p{Cc}\p{Cs}]/u.test(value) ? value : undefined;
}

/** dpkg's `status`, and the files of `status.d`, which have no status of their own. */
export function readDpkg(text: string): Found[] {
  return [...stanzasOf(text)].flatMap((fields) => {
    const status = fields.get("status");
    if (status !== undefined && !status.endsWith(" installed")) return [];
    const [name, version] = [word(fields.get("package")), word(fields.get("version"))];
    if (name === undefined || version === undefined) return [];
    // `Source: glibc (2.36-9)` has a version where that is another.
    const source = word(fields.get("source")?.replace(/ .*/, ""));
    return [{ kind: "deb", name, version, architecture: word(fields.get("architecture")), source }];
  });
}

/** apk's `installed`: one letter a field. */
export function readApk(text: string): Found[] {
  return text.split(/\n\n+/).flatMap((paragraph) => {
    const fields = new Map(paragraph.split("\n").map((line) => [line.slice(0, 2), line.slice(2)] as const));
    const [name, version] = [word(fields.get("P:")), word(fields.get("V:"))];
    if (name === undefined || version === undefined) return [];
    const origin = word(fields.get("o:"));
    const source = origin === name ? undefined : origin;
    return [{ kind: "apk", name, version, architecture: word(fields.get("A:")), source, license: phrase(fields.get("L:")) }];
  });
}

/** METADATA and PKG-INFO of Python: the headers of a mail. */
export function readPythonMetadata(text: string): Found[] {
  const [fields] = stanzasOf(text);
  const [name, version] = [word(fields?.get("name")), word(fields?.get("version"))];
  if (name === undefined || version === undefined) return [];
  return [{ kind: "pypi", name, version, license: phrase(fields?.get("license-expression") ?? fields?.get("license")) }];
}

/** The package.json of an installed package. */
export function readNpmPackage(text: string): Found[] {
  return npmPackage(jsonOf(text), undefined);
}

/** package-lock.json of any version, the project itself left out. */
export function readNpmLock(text: string): Found[] {
  const lock = jsonOf(text);
  if (isObject(lock["packages"])) {
    return Object.entries(lock["packages"]).flatMap(([path, entry]) => {
      const [, name] = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path) ?? [];
      return name === undefined || !isObject(entry) || entry["link"] === true ? [] : npmPackage(entry, name);
    });
  }
  return oldDependencies(lock["dependencies"], 0);
}

/** Of lock files before version 2: nested as the folders are. */
function oldDependencies(dependencies: unknown, depth: number): Found[] {
  if (!isObject(dependencies) || depth > MOST_NESTED) return [];
  return Object.entries(dependencies).flatMap(([name, entry]) =>
    isObject(entry) ? [...npmPackage(entry, name), ...oldDependencies(entry["dependencies"], depth + 1)] : [],
  );
}

const MOST_NESTED = 50;

function npmPackage(entry: Readonly<Record<string, unknown>>, nameByPlace: string | undefined): Found[] {
  const [name, version] = [word(entry["name"] ?? nameByPlace), word(entry["version"])];
  if (name === undefined || version === undefined) return [];
  return [{ kind: "npm", name, version, license: phrase(entry["license"]) }];
}

/** os-release: assignments of a shell, quoted or not. */
export function readSystem(text: string): System | undefined {
  const values = new Map(
    text.split("\n").flatMap((line) => {
      const [, name, value] = /^([A-Z_]+)=["']?([^"']*)["']?$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value] as const];
    }),
  );
  const id = word(values.get("ID"));
  return id === undefined ? undefined : { id, version: word(values.get("VERSION_ID")) };
}

function jsonOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {}; // A broken package.json is no package's.
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
