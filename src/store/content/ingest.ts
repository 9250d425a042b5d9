import type { MessagePort } from "node:worker_threads";
import { createHash } from "node:crypto";
import { open, unlink } from "node:fs/promises";
import type { WorkerPool } from "#lib/worker-pool.ts";
import type { Digest } from "#spec/digest.ts";
import { runFedJob } from "../worker/fed-job.ts";
import type { ExpectedBlob } from "./contract.ts";
import type { DigestJob, DigestOutcome } from "./digest-job.ts";
import { verifyLength } from "./verify.ts";
import { withSignal } from "./with-signal.ts";

/** Up to here a blob is hashed where it is, in a fraction of a millisecond: manifests, configurations, small layers. */
const SMALL = 256 * 1024;

/**
 * Writes a stream into a new file, synced, and says what it was. The file is gone when it throws.
 *
 * @throws EngineError `too-large` and `cancelled`; what the source throws; system errors.
 */
export async function writeBlob(
  pool: WorkerPool,
  path: string,
  source: AsyncIterable<Uint8Array>,
  expected: ExpectedBlob,
  signal: AbortSignal,
): Promise<DigestOutcome> {
  try {
    const { start, rest } = await gather(withSignal(source, signal), expected);
    const outcome = rest === undefined ? await writeSmall(path, start) : await writeLarge(pool, path, { start, rest, expected, signal });
    await syncFile(path);
    return outcome;
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
  await using file = await open(path, "wx", 0o600);
  await file.writeFile(bytes);
  const digest: Digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  return { digest, size: bytes.length };
}

interface Large {
  readonly start: readonly Uint8Array[];
  readonly rest: AsyncIterator<Uint8Array>;
  readonly expected: ExpectedBlob;
  readonly signal: AbortSignal;
}

async function writeLarge(pool: WorkerPool, path: string, { start, rest, expected, signal }: Large): Promise<DigestOutcome> {
  const job = (port: MessagePort): DigestJob => ({ path, port, limit: expected.limit, expectedSize: expected.size });
  return (await runFedJob(pool, { source: whole(start, rest), job, signal })) as DigestOutcome;
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

/** On a thread of libuv's pool. Any descriptor of the file will do. */
export async function syncFile(path: string): Promise<void> {
  await using file = await open(path, "r+");
  await file.sync();
}
