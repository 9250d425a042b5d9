import { basename, dirname } from "node:path/posix";
import { bytePathOf, shownPath, type BytePath } from "#lib/byte-path.ts";
import * as node from "#sys/files/node-file.ts";
import { OpenFolder } from "#store/tree/open-folder.ts";
import { chmodded } from "./chmod.ts";
import { compileExclude } from "./exclude.ts";
import type { CopyItem, CopyJob, Match, SourceTree } from "./job.ts";
import { NodeCopier } from "./node-copier.ts";
import { TargetTree } from "./target-tree.ts";

const INLINE_MODE = 0o644;

/** Copies what was selected into a tree, in order. */
export function copyItems(job: CopyJob, cancelled: () => void): void {
  using target = new TargetTree(job.root, job);
  const excluded = compileExclude(job.exclude);
  for (const item of job.items) copyItem({ job, target, excluded, cancelled }, item);
}

interface Copying {
  readonly job: CopyJob;
  readonly target: TargetTree;
  readonly excluded: (path: BytePath) => boolean;
  readonly cancelled: () => void;
}

function copyItem(copying: Copying, item: CopyItem): void {
  if (item.kind === "inline") return writeInline(copying, item.name, item.content);
  const { from, match } = item;
  const destination = match.below === undefined ? copying.job.destination : withParents(copying, from, match);
  const isFolder = copying.job.destinationIsFolder || match.below !== undefined;
  const copier = new NodeCopier({ ...copying, asRoot: from.asRoot });
  if (match.isFolder) {
    using source = new OpenFolder(`${hostOf(from, match.path)}/.`);
    using folder = new OpenFolder(`${copying.target.hostPath(copying.target.makeFolders(destination))}/.`);
    copier.content(source, folder, "");
    return;
  }
  const place = placeFor(copying.target, destination, isFolder, match.name);
  using source = new OpenFolder(`${hostOf(from, parentOf(match.path))}/.`);
  using folder = new OpenFolder(`${copying.target.hostPath(place.folder)}/.`);
  copier.node(source, match.path.slice(match.path.lastIndexOf("/") + 1), folder, place.name);
}

function writeInline({ target, job }: Copying, name: string, content: string): void {
  const place = placeFor(target, job.destination, job.destinationIsFolder, bytePathOf(name));
  using folder = new OpenFolder(`${target.hostPath(place.folder)}/.`);
  NodeCopier.makeRoom(folder, place.name);
  const fd = node.createFile(folder.child(place.name), INLINE_MODE);
  try {
    node.writeFully(fd, Buffer.from(content));
    const { owner, chmod, time } = job;
    if (owner !== undefined) node.setOwnerOf(fd, owner.user, owner.group);
    node.setModeOf(fd, chmod === undefined ? INLINE_MODE : chmodded(INLINE_MODE, false, chmod));
    if (time !== undefined) node.setTimesOf(fd, { seconds: time, nanoseconds: 0 });
  } finally {
    node.closeDescriptor(fd);
  }
}

/** Where a file goes: into the folder that is named, or to the very name. A link at the end is followed. */
function placeFor(
  target: TargetTree,
  destination: string,
  isFolder: boolean,
  name: BytePath,
): { readonly folder: string; readonly name: BytePath } {
  if (isFolder) return { folder: target.makeFolders(destination), name };
  const real = target.root.realpath(destination);
  if (real === undefined) return { folder: target.makeFolders(dirname(destination)), name: bytePathOf(basename(destination)) };
  if (target.root.stat(real)?.isDirectory() === true) return { folder: real, name };
  return { folder: dirname(real), name: bytePathOf(basename(real)) };
}

/** The folders above a source, made below the destination, with the looks that they have. Returns where the source itself goes. */
function withParents(copying: Copying, from: SourceTree, { below = "", path, isFolder }: Match): string {
  const folders = isFolder ? below.split("/") : below.split("/").slice(0, -1);
  const sources = path.split("/");
  const { target, job } = copying;
  let at = job.destination;
  folders.filter(Boolean).forEach((name, index, all) => {
    const depth = sources.length - (isFolder ? 0 : 1) - (all.length - 1 - index);
    at = at === "/" ? `/${shownPath(name)}` : `${at}/${shownPath(name)}`;
    const isNew = target.root.realpath(at) === undefined;
    const real = target.makeFolders(at);
    if (isNew)
      new NodeCopier({ ...copying, asRoot: from.asRoot }).dressFolder(
        hostOf(from, sources.slice(0, depth).join("/")),
        target.hostPath(real),
      );
  });
  return at;
}

function hostOf(from: SourceTree, path: BytePath): BytePath {
  return `${bytePathOf(from.folder)}${path}`;
}

function parentOf(path: BytePath): BytePath {
  return path.slice(0, path.lastIndexOf("/"));
}
