import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { serveJobs, type JobContext } from "#lib/worker/jobs.ts";
import { receiveChunks } from "../worker/chunk-receiver.ts";
import { Growth } from "../worker/growing-file.ts";
import { describeError } from "../worker/job-errors.ts";
import type { DigestJob, DigestOutcome } from "./digest-job.ts";
import { verifyLength } from "./verify.ts";

// Many streams share this thread: each chunk is a short piece of work.
serveJobs((job, context) => follow(job as DigestJob, context), describeError);

async function follow(job: DigestJob, context: JobContext): Promise<DigestOutcome> {
  const growth = new Growth(job.progress);
  try {
    const outcome = await writeAndHash(job, growth, context);
    growth.end("whole");
    return outcome;
  } catch (error) {
    growth.end("failed");
    throw error;
  }
}

async function writeAndHash({ path, port, limit, expectedSize }: DigestJob, growth: Growth, { note }: JobContext): Promise<DigestOutcome> {
  const hash = createHash("sha256");
  const fd = openSync(path, "wx", 0o600);
  note(true);
  const bounds = expectedSize === undefined ? { limit } : { limit, size: expectedSize };
  let size = 0;
  try {
    for await (const chunk of receiveChunks(port)) {
      size += chunk.length;
      verifyLength(bounds, size);
      writeWhole(fd, chunk);
      // Before the hash: whoever reads along need not wait for it.
      growth.reached(size);
      hash.update(chunk);
    }
  } finally {
    closeSync(fd);
  }
  return { digest: `sha256:${hash.digest("hex")}`, size };
}

function writeWhole(fd: number, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at);
}
