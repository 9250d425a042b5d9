import { fstatSync, statfsSync } from "node:fs";
import { EngineError } from "#errors/engine-error.ts";
import type { JobContext } from "#lib/worker/jobs.ts";
import { closeFd } from "#sys/processes/pipe.ts";
import type { PrivateMounts } from "#sys/mounts/private-mounts.ts";
import { Budget, type FreeSpace } from "../unpack/budget.ts";
import { decompress, prepareDecompression } from "../unpack/decompress.ts";
import { isDamagedStream } from "../unpack/refusal.ts";
import { TarError } from "#lib/tar/entry.ts";
import { TarReader } from "#lib/tar/reader.ts";
import { readInput } from "../worker/job-input.ts";
import { CopyWriter } from "./copy-writer.ts";
import type { ExtractJob } from "./job.ts";
import { ownersOf } from "./owners.ts";
import { askedPath, pathError } from "./path-stat.ts";
import { View } from "./view.ts";

const O_PATH = 0x20_0000;

/** Unpacks an archive into a folder of a container. Everything that lies outside is loaded before the thread goes in. */
export async function extract(mounts: PrivateMounts, job: ExtractJob, context: JobContext): Promise<void> {
  prepareDecompression();
  using scope = new DisposableStack();
  const view = scope.use(View.open(mounts, job.view, { readOnly: false }));
  const path = askedPath(job.path);
  const folder = openFolder(view, path);
  scope.defer(() => {
    closeFd(folder);
  });
  const budget = new Budget(job.limits, measure);
  const writer = new CopyWriter({
    budget,
    shownFolder: path,
    keepKinds: job.keepKinds,
    owner: job.owner,
    owners: ownersOf(job.view.users),
  });
  view.enter(folder);
  scope.defer(() => {
    writer.abort();
  });
  await readArchive(job, writer, budget, context);
}

/** @returns a descriptor of the folder, links on the way and at the end followed inside the root. */
function openFolder(view: View, path: string): number {
  const fd = openPath(view, path);
  try {
    if (!fstatSync(fd).isDirectory()) throw new EngineError("invalid", "extraction point is not a directory");
    const writability = view.writability(fd);
    if (writability === "read-only root") throw new EngineError("invalid", "container rootfs is marked read-only");
    if (writability === "read-only mount") throw new EngineError("invalid", "mounted volume is marked read-only");
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

function openPath(view: View, path: string): number {
  try {
    return view.root.open(path, O_PATH);
  } catch (error) {
    throw pathError(path, error);
  }
}

async function readArchive(job: ExtractJob, writer: CopyWriter, budget: Budget, context: JobContext): Promise<void> {
  const reader = new TarReader(writer);
  const taken = { bytes: 0 };
  let inflated = 0;
  try {
    for await (const piece of decompress(counted(job, taken, context))) {
      inflated += piece.length;
      budget.inflated(inflated, taken.bytes);
      reader.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
    }
    reader.finish();
    writer.finish();
  } catch (error) {
    const damaged = error instanceof TarError || isDamagedStream(error);
    throw damaged ? new EngineError("invalid", `the archive is broken: ${error.message}`, { cause: error }) : error;
  }
}

async function* counted(job: ExtractJob, taken: { bytes: number }, context: JobContext): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of readInput(job.input, context.cancelled)) {
    if (context.cancelled()) throw new EngineError("cancelled", "the caller went away");
    taken.bytes += chunk.length;
    yield chunk;
  }
}

/** Of the file system that is written to. */
function measure(): FreeSpace {
  const { bsize, blocks, bavail, files, ffree } = statfsSync(".");
  return { bytes: blocks * bsize, freeBytes: bavail * bsize, nodes: files, freeNodes: ffree };
}
