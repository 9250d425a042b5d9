import { Refusal } from "../parser/fault.ts";
import type { GitOperation } from "./plan.ts";

export type GitSource = Omit<GitOperation, "kind" | "keepGitDir"> & { readonly keepGitDir: boolean | undefined };

const SSH_SHORT = /^[a-zA-Z0-9_][\w.+-]*@[^/:\s]+:[^\s]+$/;
const NAME = /^[^\s\0-\x20\x7f~^:?*[\\-][^\s\0-\x20\x7f~^:?*[\\]*$/;

/** True of http(s) addresses that are not a git repository's. */
export function isHttpSource(source: string): boolean {
  return /^https?:\/\//.test(source) && gitParts(source) === undefined;
}

/**
 * Reads `https://host/repository.git#ref:folder` and the query form (`?ref=…&subdir=…`); undefined where the text names no repository.
 * Nothing of it may begin with a dash: git would take it for an option.
 *
 * @throws Refusal
 */
export function gitSource(source: string): GitSource | undefined {
  const parts = gitParts(source);
  if (parts === undefined) return undefined;
  const query = queryOf(parts.query);
  const [fragmentRef = "", ...folders] = parts.fragment.split(":");
  const ref = one("ref", fragmentRef || undefined, query.get("ref") ?? named(query));
  const subdirectory = folderOf(one("subdir", folders.join(":") || undefined, query.get("subdir")));
  if (parts.remote.startsWith("-")) throw new Refusal(`invalid git remote ${JSON.stringify(parts.remote)}`);
  if (ref !== undefined && (!NAME.test(ref) || ref.includes(".."))) throw new Refusal(`invalid git ref ${JSON.stringify(ref)}`);
  const checksum = query.get("checksum") ?? query.get("commit");
  if (checksum !== undefined && !isCommit(checksum)) throw new Refusal(`invalid git checksum ${JSON.stringify(checksum)}`);
  const submodules = query.get("submodules");
  const keepGitDir = query.get("keep-git-dir");
  return {
    remote: parts.remote,
    ref,
    subdirectory,
    checksum,
    submodules: submodules === undefined || booleanOf("submodules", submodules),
    keepGitDir: keepGitDir === undefined ? undefined : booleanOf("keep-git-dir", keepGitDir),
  };
}

/** The beginning of a commit's name, or all of it. */
export function isCommit(text: string): boolean {
  return /^[0-9a-f]{7,64}$/.test(text);
}

function gitParts(source: string): { remote: string; query: string; fragment: string } | undefined {
  const [, address = "", query = "", fragment = ""] = /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(source) ?? [];
  const isUrl = /^(?:git|ssh):\/\/[^/]/.test(address) || (/^https?:\/\/[^/]/.test(address) && address.endsWith(".git"));
  if (!isUrl && !SSH_SHORT.test(address)) return undefined;
  return { remote: address, query, fragment };
}

const QUERIES: ReadonlySet<string> = new Set(["ref", "tag", "branch", "subdir", "checksum", "commit", "keep-git-dir", "submodules"]);

function queryOf(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (!QUERIES.has(name)) throw new Refusal(`unexpected query ${JSON.stringify(name)}`);
    if (found.has(name)) throw new Refusal(`query ${JSON.stringify(name)} has multiple values`);
    if (value === "" && name !== "keep-git-dir" && name !== "submodules") throw new Refusal(`query ${JSON.stringify(name)} has no value`);
    found.set(name, value || "true");
  }
  return found;
}

function named(query: ReadonlyMap<string, string>): string | undefined {
  const [tag, branch] = [query.get("tag"), query.get("branch")];
  if (tag !== undefined && branch !== undefined) throw new Refusal("branch conflicts with tag");
  if (tag !== undefined) return `refs/tags/${tag.replace(/^refs\/tags\//, "")}`;
  return branch === undefined ? undefined : `refs/heads/${branch.replace(/^refs\/heads\//, "")}`;
}

function one(what: string, first: string | undefined, second: string | undefined): string | undefined {
  if (first === undefined || second === undefined || first === second) return first ?? second;
  throw new Refusal(`${what} conflicts: ${JSON.stringify(first)} vs ${JSON.stringify(second)}`);
}

function folderOf(text: string | undefined): string | undefined {
  const parts = text?.split("/").filter((part) => part !== "" && part !== ".");
  if (parts === undefined || parts.length === 0) return undefined;
  if (parts.includes("..")) throw new Refusal(`invalid git subdirectory ${JSON.stringify(text)}: it leads out of the repository`);
  return parts.join("/");
}

function booleanOf(name: string, text: string): boolean {
  if (/^(?:1|t|true)$/i.test(text)) return true;
  if (/^(?:0|f|false)$/i.test(text)) return false;
  throw new Refusal(`invalid ${name} value: ${JSON.stringify(text)}`);
}
