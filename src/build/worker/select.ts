import { createHash, type Hash } from "node:crypto";
import { basename } from "node:path/posix";
import { bytePathOf } from "#lib/byte-path.ts";
import { TreeDigest } from "./tree-digest.ts";
import { compileExclude } from "./exclude.ts";
import { findPlaces, type Place } from "./find-matches.ts";
import { isArchive } from "./is-archive.ts";
import type { Match, SelectJob, Selection } from "./job.ts";

/** Finds the files of a source, and hashes all that a copy of them takes over. */
export async function select(job: SelectJob, cancelled: () => void): Promise<Selection> {
  const { pattern, skipped } = pivotOf(job);
  const places = findPlaces(job.from.folder, pattern);
  const excluded = compileExclude(job.exclude);
  const hash = createHash("sha256");
  const tree = new TreeDigest(hash, { ...job.from, excluded, cancelled });
  const matches: Match[] = [];
  for (const place of places) {
    if (!place.isFolder && excluded(baseOf(place))) continue;
    const match = await matchOf(job, place, skipped);
    record(hash, match);
    tree.add(match);
    matches.push(match);
  }
  const found = places.length === 0 ? undefined : matches;
  return { matches: found, digest: `sha256:${hash.digest("hex")}`, files: tree.files, bytes: tree.bytes, listing: tree.listing };
}

/** With --parents a `/./` says which folders are left out at the destination. */
function pivotOf({ path, parents }: SelectJob): { readonly pattern: string; readonly skipped: number } {
  const at = parents ? `/${path}`.indexOf("/./") : -1;
  if (at < 0) return { pattern: path, skipped: 0 };
  const skipped = `/${path}`
    .slice(0, at)
    .split("/")
    .filter((part) => part !== "" && part !== ".").length;
  return { pattern: path, skipped };
}

async function matchOf({ from, unpack, parents, path }: SelectJob, place: Place, skipped: number): Promise<Match> {
  const host = `${bytePathOf(from.folder)}${place.path}`;
  return {
    path: place.path,
    name: baseOf(place) || bytePathOf(basename(path)),
    isFolder: place.isFolder,
    isArchive: unpack && !place.isFolder && (await isArchive(host)),
    below: parents ? place.matched.split("/").slice(skipped).join("/") : undefined,
  };
}

function baseOf({ matched }: Place): string {
  return matched.slice(matched.lastIndexOf("/") + 1);
}

function record(hash: Hash, { name, isFolder, isArchive: archive, below }: Match): void {
  hash.update(`${JSON.stringify([isFolder ? "" : name, isFolder, archive, below ?? null])}\n`);
}
