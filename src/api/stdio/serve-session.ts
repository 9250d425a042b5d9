import type { Duplex } from "node:stream";
import type { StreamSession } from "#container/attach/stream-session.ts";
import type { ApiRequest, Reply } from "#http/route.ts";
import { writeFrame } from "#http/body/stdcopy.ts";
import { streamContentType } from "./stream-type.ts";

/** Hands the connection to a session, which is open already: what happens once the client has its answer is not missed. */
export function sessionReply(session: StreamSession, request: ApiRequest): Reply {
  // Also when the client goes away before it gets its answer: then nobody runs the session.
  request.signal.addEventListener("abort", () => session.close(), { once: true });
  // Docker names the frames only to those who asked for an upgrade.
  const contentType = streamContentType(session.tty || request.headers["upgrade"] === undefined, request.apiVersion);
  return { kind: "hijack", contentType, run: async (stream) => await serveSession(stream, session) };
}

/** Runs until the session's output has ended and is written, or the client has gone. */
export async function serveSession(stream: Duplex, session: StreamSession): Promise<void> {
  const gone = (): void => session.close();
  stream.once("close", gone);
  feedInput(stream, session);
  try {
    for await (const chunk of session.output) {
      const more = session.tty ? stream.write(chunk.data) : writeFrame(stream, chunk);
      if (!more) await writable(stream);
      if (stream.destroyed) break;
    }
  } finally {
    stream.off("close", gone);
    session.close();
  }
}

/** One piece at a time: the process' pace is the client's. */
function feedInput(stream: Duplex, session: StreamSession): void {
  stream.on("data", (data: Buffer) => {
    stream.pause();
    session.write(data).then(
      () => stream.resume(),
      () => session.close(),
    );
  });
  stream.once("end", () => session.endInput());
}

/** Until there is room, or nobody to write to. */
export async function writable(stream: Duplex): Promise<void> {
  if (stream.destroyed) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.on("drain", done);
    stream.on("close", done);
  });
}
