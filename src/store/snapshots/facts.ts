import { closeSync, openSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * What a driver knows of a layer or a writable, kept as names of empty files in its folder: `parent.<hex>`, `size.<bytes>`. A name is
 * metadata, which a file system commits in order: it is there when the rename that publishes the folder is, without an fsync on the
 * way to every start of a container, while the content of a small file may come back empty after a power cut.
 */
export type Facts = ReadonlyMap<string, string>;

/** A folder of the driver, with its facts beside what it holds. */
export function readFacts(folder: string): Facts {
  const facts = new Map<string, string>();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const [kind = "", ...value] = entry.name.split(".");
    facts.set(kind, value.join("."));
  }
  return facts;
}

export function writeFact(folder: string, kind: string, value: string): void {
  closeSync(openSync(nameOf(folder, kind, value), "w", 0o600));
}

export function removeFact(folder: string, kind: string, value: string): void {
  unlinkSync(nameOf(folder, kind, value));
}

function nameOf(folder: string, kind: string, value: string): string {
  return join(folder, value === "" ? kind : `${kind}.${value}`);
}
