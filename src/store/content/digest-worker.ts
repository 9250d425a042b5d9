import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { serveJobs } from "#lib/worker-jobs.ts";
import { receiveChunks } from "../worker/chunk-receiver.ts";
import { describeError } from "../worker/job-errors.ts";
import type { DigestJob, DigestOutcome } from "./digest-job.ts";
import { verifyLength } from "./verify.ts";

// Many streams share this thread: each chunk is a short piece of work, and the fsync at the end is left to the asker's side.
serveJobs((job) => writeAndHash(job as DigestJob), describeError);

async function writeAndHash({ path, port, limit, expectedSize }: DigestJob): Promise<DigestOutcome> {
  const hash = createHash("sha256");
  const fd = openSync(path, "wx", 0o600);
  const bounds = expectedSize === undefined ? { limit } : { limit, size: expectedSize };
  let size = 0;
  try {
    for await (const chunk of receiveChunks(port)) {
      size += chunk.length;
      verifyLength(bounds, size);
      writeWhole(fd, chunk);
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
