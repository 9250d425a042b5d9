import { lstatSync, unlinkSync } from "node:fs";
import { basename, dirname } from "node:path/posix";
import { ignoreMatcher, parseIgnoreFile } from "#spec/build/ignore-file.ts";
import { RootFolder } from "#sys/files/in-root.ts";

const IGNORE_FILE = ".dockerignore";
const LARGEST = 1024 * 1024;

/**
 * A client applies .dockerignore itself, but sends that file and the Dockerfile even where they are ignored, since the builder needs them.
 * Once read, they are no part of the context any more; nothing else is taken out of what a client sent (as dockerd).
 *
 * @returns the patterns.
 */
export function dropIgnored(context: string, dockerfile: string): readonly string[] {
  using root = new RootFolder(context);
  const text = root.readFile(IGNORE_FILE, LARGEST);
  if (text === undefined) return [];
  const patterns = parseIgnoreFile(text.toString("utf8"));
  const isIgnored = ignoreMatcher(patterns);
  for (const name of [IGNORE_FILE, dockerfile].filter((one) => isIgnored(one))) remove(root, name);
  return patterns;
}

function remove(root: RootFolder, path: string): void {
  using folder = root.holdFolder(dirname(path));
  if (folder === undefined) return;
  const place = `${folder.path}/${basename(path)}`;
  if (lstatSync(place, { throwIfNoEntry: false })?.isDirectory() === false) unlinkSync(place);
}
