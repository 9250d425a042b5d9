import type { MessagePort } from "node:worker_threads";
import { createHash } from "node:crypto";
import { unlink, writeFile } from "node:fs/promises";
import type { WorkerPool } from "#lib/worker/pool.ts";
import type { Digest } from "#spec/digest.ts";
import { runFedJob } from "../worker/fed-job.ts";
import { newProgress } from "../worker/growing-file.ts";
import type { ExpectedBlob } from "./contract.ts";
import type { DigestJob, DigestOutcome } from "./digest-job.ts";
import { verifyLength } from "./verify.ts";
import { withSignal } from "./with-signal.ts";

/** Up to here a blob is hashed where it is, in a fraction of a millisecond: manifests, configurations, small layers. */
const SMALL = 256 * 1024;

/** What was written; `synced` when it is on the disk. */
export interface WrittenBlob extends DigestOutcome {
  readonly synced: boolean;
}

/**
 * Writes a stream into a new file, and says what it was. A small one is synced. The file is gone when it throws.
 *
 * @param onFile there is a file that a thread fills, and how far it is.
 * @throws EngineError `too-large` and `cancelled`; what the source throws; system errors.
 */
export async function writeBlob(
  pool: WorkerPool,
  path: string,
  source: AsyncIterable<Uint8Array>,
  expected: ExpectedBlob,
  signal: AbortSignal,
  onFile: (progress: SharedArrayBuffer) => void,
): Promise<WrittenBlob> {
  try {
    const { start, rest } = await gather(withSignal(source, signal), expected);
    if (rest === undefined) return { ...(await writeSmall(path, start)), synced: true };
    return { ...(await writeLarge(pool, path, { start, rest, expected, signal, onFile })), synced: false };
  } catch (error) {
    await unlink(path).catch(() => undefined);
    throw error;
  }
}

interface Gathered {
  readonly start: readonly Uint8Array[];
  /** Undefined when the start was all. */
  readonly rest: AsyncIterator<Uint8Array> | undefined;
}

async function gather(source: AsyncGenerator<Uint8Array, void, undefined>, expected: ExpectedBlob): Promise<Gathered> {
  const start: Uint8Array[] = [];
  let length = 0;
  try {
    while (length <= SMALL) {
      const { done, value } = await source.next();
      if (done === true) return { start, rest: undefined };
      start.push(Buffer.from(value));
      length += value.length;
      verifyLength(expected, length);
    }
  } catch (error) {
    await source.return();
    throw error;
  }
  return { start, rest: source };
}

async function writeSmall(path: string, pieces: readonly Uint8Array[]): Promise<DigestOutcome> {
  const bytes = Buffer.concat(pieces);
  await writeFile(path, bytes, { flag: "wx", mode: 0o600, flush: true });
  const digest: Digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  return { digest, size: bytes.length };
}

interface Large {
  readonly start: readonly Uint8Array[];
  readonly rest: AsyncIterator<Uint8Array>;
  readonly expected: ExpectedBlob;
  readonly signal: AbortSignal;
  readonly onFile: (progress: SharedArrayBuffer) => void;
}

async function writeLarge(pool: WorkerPool, path: string, { start, rest, expected, signal, onFile }: Large): Promise<DigestOutcome> {
  const progress = newProgress();
  const job = (port: MessagePort): DigestJob => ({ path, port, progress, limit: expected.limit, expectedSize: expected.size });
  const onNote = (): void => onFile(progress);
  return (await runFedJob(pool, { source: whole(start, rest), job, signal, onNote })) as DigestOutcome;
}

async function* whole(start: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let ended = false;
  try {
    yield* start;
    for (;;) {
      const { done, value } = await rest.next();
      ended = done === true;
      if (done === true) return;
      yield value;
    }
  } finally {
    if (!ended) void rest.return?.().catch(() => undefined);
  }
}
