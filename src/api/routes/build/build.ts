import type { BuildMessage, BuildSink } from "#build/build-input.ts";
import { messageOf } from "#errors/engine-error.ts";
import { encodeLine } from "#http/body/ndjson.ts";
import type { ApiRequest, Reply } from "#http/route.ts";
import { errorToHttp } from "../../error-to-http.ts";
import type { BuildBackend } from "./backend.ts";
import { buildInputOf } from "./build-query.ts";
import { LineQueue } from "./line-queue.ts";

/**
 * Builds an image. What fails before the first line is the request's own error; afterwards it is a line of the stream. When the client goes
 * away the build is ended.
 */
export async function buildImage(backend: BuildBackend, request: ApiRequest): Promise<Reply> {
  const input = await buildInputOf(request);
  const left = new AbortController();
  const queue = new LineQueue();
  const sink = input.quiet ? new QuietSink() : queue;
  const done = backend.build(input, sink, AbortSignal.any([request.signal, left.signal]));
  done.then(
    (id) => {
      if (input.quiet && id !== undefined) queue.push({ stream: `${id}\n` });
      queue.end();
    },
    (error: unknown) => {
      if (sink instanceof QuietSink) for (const message of sink.kept) queue.push(message);
      queue.end(error instanceof Error ? error : new Error(messageOf(error)));
    },
  );
  await Promise.race([queue.started, done]);
  return { kind: "stream", status: 200, contentType: "application/json", body: lines(queue, left) };
}

async function* lines(queue: LineQueue, left: AbortController): AsyncGenerator<Uint8Array> {
  try {
    for await (const message of queue) yield encodeLine(message);
  } catch (error) {
    const { message } = errorToHttp(error);
    const code = error instanceof Error && "exitCode" in error && typeof error.exitCode === "number" ? { code: error.exitCode } : {};
    yield encodeLine({ errorDetail: { ...code, message }, error: message });
  } finally {
    left.abort();
    queue.close();
  }
}

/** Of the last part of a build that is to be quiet: shown when it fails. */
class QuietSink implements BuildSink {
  static readonly #most = 1000;
  readonly kept: BuildMessage[] = [];

  push(message: BuildMessage): void {
    if (!("stream" in message)) return;
    this.kept.push(message);
    if (this.kept.length > 2 * QuietSink.#most) this.kept.splice(0, QuietSink.#most);
  }

  async room(): Promise<void> {
    await Promise.resolve();
  }
}
