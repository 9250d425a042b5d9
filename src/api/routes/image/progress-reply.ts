import { messageOf } from "#errors/engine-error.ts";
import { encodeLine } from "#http/body/ndjson.ts";
import type { Reply } from "#http/route.ts";
import type { ProgressSink } from "#spec/progress.ts";
import { errorToHttp } from "../../error-to-http.ts";
import { ProgressQueue } from "./progress-queue.ts";

type Work = (progress: ProgressSink, signal: AbortSignal) => Promise<void>;

/**
 * Answers with the lines of some work. What fails before the first line is the request's own error, with its status; afterwards it
 * is a line of the stream, as Docker's clients expect. When the client goes away the work is aborted.
 *
 * @param eager begin the answer at once: every error is a line then (`/images/load`).
 */
export async function progressReply(work: Work, signal: AbortSignal, eager: boolean): Promise<Reply> {
  const left = new AbortController();
  const queue = new ProgressQueue();
  const done = work((message) => queue.push(message), AbortSignal.any([signal, left.signal]));
  done.then(
    () => queue.end(),
    (error: unknown) => queue.end(error instanceof Error ? error : new Error(messageOf(error))),
  );
  if (!eager) await Promise.race([queue.started, done]);
  return { kind: "stream", status: 200, contentType: "application/json", body: lines(queue, left) };
}

async function* lines(queue: ProgressQueue, left: AbortController): AsyncGenerator<Uint8Array> {
  try {
    for await (const message of queue) yield encodeLine(message);
  } catch (error) {
    const { message } = errorToHttp(error);
    yield encodeLine({ errorDetail: { message }, error: message });
  } finally {
    left.abort();
  }
}
