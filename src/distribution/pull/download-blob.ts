import { EngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import { chunksOf, discard, lengthOf } from "../transport/body.ts";
import { isTransient } from "../transport/network-error.ts";
import { pauseBeforeRetry, type RetryOptions } from "../transport/retry.ts";
import type { RegistrySession } from "../session/session.ts";
import type { HttpResponse } from "../transport/transport.ts";

export interface BlobToDownload {
  readonly digest: Digest;
  readonly size: number;
}

/** So much new content makes a failure count as the first again. */
const PROGRESS_BYTES = 1024 * 1024;

/**
 * The bytes of a blob, exactly `size` of them. After a drop it goes on where it was; what it gives is not verified yet, which is the
 * content store's part.
 *
 * @throws EngineError `invalid` (code `size-mismatch`) as soon as the server announces or sends another size.
 */
export async function* downloadBlob(
  session: RegistrySession,
  blob: BlobToDownload,
  retry: RetryOptions,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let offset = 0;
  let failures = 0;
  let lastFailure = 0;
  for (;;) {
    try {
      for await (const chunk of bytesFrom(session, blob, offset, signal)) {
        offset += chunk.length;
        yield chunk;
      }
      return;
    } catch (error) {
      if (!isTransient(error)) throw error;
      failures = offset - lastFailure >= PROGRESS_BYTES ? 1 : failures + 1;
      lastFailure = offset;
      if (failures >= retry.attempts) throw error;
      await pauseBeforeRetry(retry, failures, signal);
    }
  }
}

/** From `offset` to the end, in one exchange. */
async function* bytesFrom(session: RegistrySession, blob: BlobToDownload, offset: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  const headers: Record<string, string> = offset === 0 ? {} : { Range: `bytes=${offset}-` };
  const response = await session.get(`blobs/${blob.digest}`, headers, signal);
  const start = startOf(response, blob, offset);
  const announced = lengthOf(response);
  if (announced !== undefined && announced !== blob.size - start) {
    discard(response);
    throw sizeMismatch(blob, start + announced);
  }
  let at = start;
  for await (const chunk of chunksOf(response, session.stallMs, signal)) {
    at += chunk.length;
    if (at > blob.size) throw sizeMismatch(blob, at);
    // A server that does not do ranges starts from 0: what we have is passed over.
    const fresh = at - chunk.length >= offset ? chunk : chunk.subarray(chunk.length - Math.max(0, at - offset));
    if (fresh.length > 0) yield fresh;
  }
  if (at < blob.size)
    throw new EngineError("unavailable", `${blob.digest}: unexpected EOF after ${at} of ${blob.size} bytes`, { code: "transient" });
}

/** Where the answer starts. @throws EngineError `invalid` for another part than was asked for. */
function startOf(response: HttpResponse, blob: BlobToDownload, offset: number): number {
  if (response.status === 200) return 0;
  const range = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(response.headers["content-range"] ?? "");
  const fits =
    response.status === 206 && range !== null && Number(range[1]) === offset && (range[2] === "*" || Number(range[2]) === blob.size);
  if (fits) return offset;
  discard(response);
  throw new EngineError("invalid", `${blob.digest}: the registry answered a request for the bytes from ${offset} on with another part`);
}

function sizeMismatch(blob: BlobToDownload, found: number): EngineError {
  return new EngineError("invalid", `${blob.digest}: the registry has ${found} bytes or more where the manifest says ${blob.size}`, {
    code: "size-mismatch",
  });
}
