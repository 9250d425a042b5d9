import { createHash, type Hash } from "node:crypto";
import { closeSync, constants, openSync, readSync, statfsSync } from "node:fs";
import { EngineError } from "#errors/engine-error.ts";
import type { JobContext } from "#lib/worker/jobs.ts";
import type { Digest } from "#spec/digest.ts";
import { TreeBeneath } from "#sys/files/beneath.ts";
import type { ThreadRoot } from "#sys/files/chroot.ts";
import { openGrowing, readGrowing } from "../worker/growing-file.ts";
import { readInput } from "../worker/job-input.ts";
import { Budget, type FreeSpace } from "./budget.ts";
import { decompress, prepareDecompression } from "./decompress.ts";
import type { UnpackJob, UnpackOutcome, UnpackSource } from "./job.ts";
import { LayerWriter } from "./layer-writer.ts";
import { archiveError } from "./refusal.ts";
import { TarReader } from "#lib/tar/reader.ts";

const READ_BYTES = 512 * 1024;
const BYTES_BETWEEN_NOTES = 1024 * 1024;

/** Unpacks one archive. Everything that lies outside the folder is opened before the thread goes in. */
export async function runUnpackJob(job: UnpackJob, root: ThreadRoot, context: JobContext): Promise<UnpackOutcome> {
  prepareDecompression();
  using scope = new DisposableStack();
  const below = job.below === undefined ? undefined : scope.use(new TreeBeneath(job.below));
  const input = new Input(openSource(job.source, scope, context), job.hashBlob, context);
  const budget = new Budget(job.limits, measureRoot);
  const writer = new LayerWriter({ whiteouts: job.whiteouts, budget, below });
  root.enter(job.folder);
  scope.defer(() => {
    root.leave();
  });
  scope.defer(() => {
    writer.abort();
  });
  const diffId = await readArchive(input, writer, budget);
  return { diffId, ...input.result(), contentSize: budget.written, entries: budget.entries };
}

async function readArchive(input: Input, writer: LayerWriter, budget: Budget): Promise<Digest> {
  const reader = new TarReader(writer);
  const hash = createHash("sha256");
  let inflated = 0;
  try {
    for await (const piece of decompress(input.chunks())) {
      inflated += piece.length;
      budget.inflated(inflated, input.size);
      hash.update(piece);
      reader.push(asBuffer(piece));
    }
    reader.finish();
    writer.finish();
  } catch (error) {
    throw archiveError(error);
  }
  return digestOf(hash);
}

/** The archive as it comes: counted, hashed on demand, and the place where a cancelled job ends. */
class Input {
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #hash: Hash | undefined;
  readonly #context: JobContext;
  #noted = 0;
  size = 0;

  constructor(source: AsyncIterable<Uint8Array>, hashed: boolean, context: JobContext) {
    this.#source = source;
    this.#hash = hashed ? createHash("sha256") : undefined;
    this.#context = context;
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.#source) {
      if (this.#context.cancelled()) throw new EngineError("cancelled", "unpacking was cancelled");
      this.size += chunk.length;
      this.#hash?.update(chunk);
      this.#note();
      yield chunk;
    }
  }

  result(): { blobDigest: Digest | undefined; blobSize: number } {
    return { blobDigest: this.#hash === undefined ? undefined : digestOf(this.#hash), blobSize: this.size };
  }

  #note(): void {
    if (this.size - this.#noted < BYTES_BETWEEN_NOTES) return;
    this.#noted = this.size;
    this.#context.note(this.size);
  }
}

function openSource(source: UnpackSource, scope: DisposableStack, { cancelled }: JobContext): AsyncIterable<Uint8Array> {
  if (source.kind === "stream") return readInput(source.input, cancelled);
  const fd = source.kind === "file" ? openSync(source.path, constants.O_RDONLY | constants.O_NOFOLLOW) : openGrowing(source);
  scope.defer(() => {
    closeSync(fd);
  });
  return source.kind === "file" ? readChunks(fd) : readGrowing(fd, source, cancelled);
}

/** One buffer for all chunks: each is used up before the next is asked for. */
// oxlint-disable-next-line typescript/require-await -- an asynchronous iterable like the stream's
async function* readChunks(fd: number): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  for (;;) {
    const length = readSync(fd, buffer);
    if (length === 0) return;
    yield buffer.subarray(0, length);
  }
}

function measureRoot(): FreeSpace {
  const { bsize, blocks, bavail, files, ffree } = statfsSync(".");
  return { bytes: blocks * bsize, freeBytes: bavail * bsize, nodes: files, freeNodes: ffree };
}

function digestOf(hash: Hash): Digest {
  return `sha256:${hash.digest("hex")}`;
}

function asBuffer(piece: Uint8Array): Buffer {
  return Buffer.isBuffer(piece) ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}
