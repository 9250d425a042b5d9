import { bytePathOf, shownPath, type BytePath } from "#lib/byte-path.ts";
import { RootFolder } from "#sys/files/in-root.ts";
import { OpenFolder } from "#store/tree/open-folder.ts";
import { hasWildcards, namePattern } from "./name-pattern.ts";

/** A place in a source tree that a pattern means. */
export interface Place {
  /** From the tree's folder on, links followed. */
  readonly path: BytePath;
  /** As it was matched, links not followed. */
  readonly matched: BytePath;
  readonly isFolder: boolean;
}

const DEEPEST = 1000;

/**
 * Finds what a pattern means in a tree, in order of the names. Links that are named are followed, inside the tree, whatever they say; the ones
 * that a wildcard meets are followed at the end of the path alone (as BuildKit does).
 */
export function findPlaces(folder: string, pattern: string): Place[] {
  using root = new RootFolder(folder);
  const parts = pattern.split("/").filter((part) => part !== "" && part !== ".");
  const finder = new Finder(folder, root);
  finder.find({ path: "", matched: "" }, parts, 0);
  return finder.places;
}

interface At {
  readonly path: BytePath;
  readonly matched: BytePath;
}

class Finder {
  readonly places: Place[] = [];
  readonly #folder: BytePath;
  readonly #root: RootFolder;
  readonly #seen = new Set<BytePath>();

  constructor(folder: string, root: RootFolder) {
    this.#folder = bytePathOf(folder);
    this.#root = root;
  }

  find(at: At, parts: readonly string[], depth: number): void {
    if (depth > DEEPEST) return;
    const [part, ...rest] = parts;
    if (part === undefined) this.#add(at);
    else if (part === "**") this.#anyDepth(at, parts, depth);
    else if (!hasWildcards(part)) this.#named(at, part, rest, depth);
    else this.#matching(at, part, rest, depth);
  }

  #add({ path, matched }: At): void {
    const real = this.#follow(path);
    if (real === undefined || this.#seen.has(matched)) return;
    this.#seen.add(matched);
    this.places.push({ path: real.path, matched, isFolder: real.isFolder });
  }

  #named(at: At, name: string, rest: readonly string[], depth: number): void {
    const bytes = bytePathOf(name);
    const next = { path: `${at.path}/${bytes}`, matched: joined(at.matched, bytes) };
    if (rest.length === 0) return this.#add(next);
    const real = this.#follow(next.path);
    if (real?.isFolder === true) this.find({ path: real.path, matched: next.matched }, rest, depth + 1);
  }

  #matching(at: At, part: string, rest: readonly string[], depth: number): void {
    const matches = namePattern(part);
    for (const { name, isFolder } of this.#entries(at.path)) {
      if (!matches(shownPath(name))) continue;
      const next = { path: `${at.path}/${name}`, matched: joined(at.matched, name) };
      if (rest.length === 0) this.#add(next);
      else if (isFolder) this.find(next, rest, depth + 1);
    }
  }

  #anyDepth(at: At, parts: readonly string[], depth: number): void {
    const rest = parts.slice(1);
    if (rest.length === 0) this.#add(at);
    else this.find(at, rest, depth + 1);
    for (const { name, isFolder } of this.#entries(at.path)) {
      const next = { path: `${at.path}/${name}`, matched: joined(at.matched, name) };
      if (isFolder) this.find(next, parts, depth + 1);
      else if (rest.length === 0) this.#add(next);
    }
  }

  #entries(path: BytePath): { readonly name: string; readonly isFolder: boolean }[] {
    using open = new OpenFolder(`${this.#folder}${path}/.`);
    return open.entries().toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  #follow(path: BytePath): { readonly path: BytePath; readonly isFolder: boolean } | undefined {
    const text = shownPath(path);
    // A name that is no text: nothing but the node itself can be meant.
    if (bytePathOf(text) !== path) return { path, isFolder: false };
    const real = this.#root.realpath(text === "" ? "/" : text);
    if (real === undefined) return undefined;
    const isFolder = this.#root.stat(real)?.isDirectory() === true;
    return { path: real === "/" ? "" : bytePathOf(real), isFolder };
  }
}

function joined(folder: BytePath, name: BytePath): BytePath {
  return folder === "" ? name : `${folder}/${name}`;
}
