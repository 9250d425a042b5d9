import { EngineError } from "#errors/engine-error.ts";
import type { IdMapping } from "#lib/id-mapping.ts";
import type { JobContext } from "#lib/worker/jobs.ts";
import { bytePathOf } from "#lib/byte-path.ts";
import type { PrivateMounts } from "#sys/mounts/private-mounts.ts";
import { OpenFolder } from "../tree/open-folder.ts";
import { TarWriter } from "../tar/tar-writer.ts";
import type { FileChange, LayerRequest, PackedLayer, PathStat, TreeDiff, ViewRequest } from "./contract.ts";
import type { OpenDiff } from "./diff-walk.ts";
import { extract } from "./extract.ts";
import type { FilesJob } from "./job.ts";
import { packLayer } from "./layer-packer.ts";
import { listChanges } from "./list-changes.ts";
import { ownersOf } from "./owners.ts";
import { askedPath, baseName, statPath } from "./path-stat.ts";
import { RingWriter, type RingMemory } from "./ring.ts";
import { TreePacker } from "./tree-packer.ts";
import { View } from "./view.ts";

/** Where the thread attaches what it works on. */
const PLACE = "/root";

type Outcome = PathStat | readonly FileChange[] | PackedLayer | undefined;

export function runFilesJob(job: FilesJob, mounts: PrivateMounts, context: JobContext): Outcome | Promise<void> {
  switch (job.kind) {
    case "stat":
      return stat(mounts, job.view, job.path);
    case "pack":
      pack(mounts, job, context);
      return undefined;
    case "extract":
      return extract(mounts, job, context);
    case "pack-folder":
      packFolder(mounts, job, context);
      return undefined;
    case "changes":
      return withDiff(mounts, job.diff, listChanges);
    case "pack-layer":
      return layer(mounts, job, context);
  }
}

function stat(mounts: PrivateMounts, request: ViewRequest, path: string): PathStat {
  using view = View.open(mounts, request, { readOnly: true });
  view.enter();
  return statPath(askedPath(path));
}

/** A folder is packed under its own name, whatever led to it; a link at the end of the path as the link. */
function pack(mounts: PrivateMounts, job: { view: ViewRequest; path: string; ring: RingMemory }, context: JobContext): void {
  using view = View.open(mounts, job.view, { readOnly: true });
  view.enter();
  const path = askedPath(job.path);
  // Looked at once: what is gone by the time it is packed is left out.
  context.note(statPath(path));
  packTree(job.ring, context, { path: bytePathOf(path), name: bytePathOf(baseName(path)), users: job.view.users });
}

function packFolder(
  mounts: PrivateMounts,
  job: { folder: string; users: IdMapping | undefined; ring: RingMemory },
  context: JobContext,
): void {
  using view = View.open(mounts, bareView(job.folder), { readOnly: true });
  view.enter();
  packTree(job.ring, context, { path: "/", name: "", users: job.users });
}

interface PackedTree {
  readonly path: string;
  /** In the archive. */
  readonly name: string;
  readonly users: IdMapping | undefined;
}

function packTree(ring: RingMemory, context: JobContext, { path, name, users }: PackedTree): void {
  const tar = new TarWriter(new RingWriter(ring, (length) => context.note(length)));
  new TreePacker(tar, ownersOf(users)).tree(path, name);
  tar.finish();
}

function layer(mounts: PrivateMounts, { diff, archive, folder }: LayerRequest, context: JobContext): PackedLayer {
  using scope = new DisposableStack();
  const target = folder === undefined ? undefined : mounts.onHost(() => scope.use(new OpenFolder(bytePathOf(folder))));
  const parent = mounts.onHost(() => scope.use(new OpenFolder(bytePathOf(folderOf(archive)))));
  const cancelled = (): void => {
    if (context.cancelled()) throw new EngineError("cancelled", "the caller went away");
  };
  const file = parent.child(archive.slice(archive.lastIndexOf("/") + 1));
  return withDiff(mounts, diff, (open) => packLayer(open, { archive: file, folder: target, cancelled }));
}

/** Opens both trees without their devices: one that stands in a file's place for an instant is not opened. */
function withDiff<T>(mounts: PrivateMounts, diff: TreeDiff, use: (open: OpenDiff) => T): T {
  using scope = new DisposableStack();
  const { below: belowPath } = diff;
  const below = belowPath === undefined ? undefined : mounts.onHost(() => scope.use(new OpenFolder(bytePathOf(belowPath))));
  scope.use(View.open(mounts, bareView(diff.changed), { readOnly: true }));
  const changed = scope.use(new OpenFolder(PLACE));
  const own = new Set(diff.kind === "copy" ? diff.own.map(bytePathOf) : []);
  const sameInodes = diff.kind === "copy" && diff.sameInodes === true;
  return use({ kind: diff.kind, changed, below, own, sameInodes });
}

function bareView(root: string): ViewRequest {
  return { root, readOnlyRoot: true, mounts: [], makeTargets: false, running: undefined, users: undefined };
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
