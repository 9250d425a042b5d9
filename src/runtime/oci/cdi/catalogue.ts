import { open, readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";
import { type CdiEdits, type CdiSpec, parseCdiSpec } from "./spec-file.ts";

const MOST_BYTES = 4 * 1024 * 1024;

/** The CDI devices of the host, as their specifications say now. */
export interface CdiCatalogue {
  /** By qualified name, `vendor.com/class=name`. */
  readonly devices: ReadonlyMap<string, readonly CdiEdits[]>;
  /** What could not be used, and why: broken files, names that are there twice. */
  readonly problems: readonly string[];
}

/** Reads every specification anew: they are few, small, and asked for rarely. A folder that is not there holds none. */
export async function readCdiCatalogue(folders: readonly string[]): Promise<CdiCatalogue> {
  const devices = new Map<string, readonly CdiEdits[]>();
  const problems: string[] = [];
  for (const folder of folders) {
    const found = await readFolder(folder, problems);
    for (const [name, edits] of found) devices.set(name, edits);
  }
  return { devices, problems };
}

/** Of two devices of one name in one folder neither is taken. */
async function readFolder(folder: string, problems: string[]): Promise<Map<string, readonly CdiEdits[]>> {
  const found = new Map<string, readonly CdiEdits[]>();
  const twice = new Set<string>();
  for (const [name, edits] of await devicesIn(folder, problems)) {
    if (found.has(name)) twice.add(name);
    found.set(name, edits);
  }
  for (const name of twice) {
    found.delete(name);
    problems.push(`${name} is there more than once in ${folder}`);
  }
  return found;
}

type NamedDevice = readonly [name: string, edits: readonly CdiEdits[]];

async function devicesIn(folder: string, problems: string[]): Promise<NamedDevice[]> {
  const found: NamedDevice[] = [];
  for (const path of await specFiles(folder)) {
    try {
      found.push(...devicesOf(await readSpec(path)));
    } catch (error) {
      problems.push(`${path}: ${messageOf(error)}`);
    }
  }
  return found;
}

async function specFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => [".json", ".yaml"].includes(extname(name)))
    .toSorted()
    .map((name) => join(folder, name));
}

async function readSpec(path: string): Promise<CdiSpec> {
  await using file = await open(path, "r");
  const { size } = await file.stat();
  if (size > MOST_BYTES) throw new Error(`it is larger than ${MOST_BYTES} bytes`);
  const text = await file.readFile("utf8");
  return parseCdiSpec(path.endsWith(".json") ? parseJsonText(text) : await parseYaml(text));
}

async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import("yaml");
  return parse(text, { maxAliasCount: 100 });
}

/** What the devices of a file share is one object: who gets several of them gets it once. */
function devicesOf({ kind, devices, edits }: CdiSpec): NamedDevice[] {
  return [...devices].map(([name, own]) => [`${kind}=${name}`, [edits, own]]);
}

/**
 * What the named devices change of a container.
 *
 * @throws EngineError `invalid` with Docker's text for names that there are not.
 */
export function editsFor({ devices, problems }: CdiCatalogue, names: readonly string[]): readonly CdiEdits[] {
  const missing = names.filter((name) => !devices.has(name));
  if (missing.length > 0) {
    const why = problems.length === 0 ? "" : ` (${problems.join("; ")})`;
    throw new EngineError("invalid", `CDI device injection failed: unresolvable CDI devices ${missing.join(", ")}${why}`);
  }
  return [...new Set(names.flatMap((name) => devices.get(name) ?? []))];
}
