import type { Duplex } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { StreamSession } from "#container/attach/stream-session.ts";
import { CloseCode, closeFrame, frameHead, FrameReader, Opcode, WebSocketError, type WebSocketInput } from "#http/websocket/frames.ts";
import { writable } from "./serve-session.ts";

/**
 * Serves a session over a websocket: what the process writes as messages, stdout and stderr alike; what the client sends as its input.
 * Runs until the output has ended and is written, or the client has closed or gone.
 *
 * @param options.binary since 1.28 messages are binary; before they were text, and bytes that are none are replaced.
 */
export async function serveWebSocket(stream: Duplex, session: StreamSession, options: { readonly binary: boolean }): Promise<void> {
  const closing = new Closing(stream);
  const gone = (): void => session.close();
  stream.once("close", gone);
  readInput(stream, session, closing);
  const text = options.binary ? undefined : new StringDecoder("utf8");
  try {
    for await (const { data } of session.output) {
      if (closing.begun || stream.destroyed) break;
      if (!sendMessage(stream, data, text)) await writable(stream);
    }
    if (text !== undefined && !closing.begun) sendMessage(stream, Buffer.alloc(0), text, true);
    closing.send(CloseCode.normal);
  } finally {
    stream.off("close", gone);
    session.close();
  }
}

/** The one close frame that this side sends; nothing follows it. */
class Closing {
  begun = false;
  readonly #stream: Duplex;

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  send(code: number): void {
    if (this.begun || this.#stream.destroyed) return;
    this.begun = true;
    this.#stream.write(closeFrame(code));
  }
}

/** False when the client reads slower than the process writes. */
function sendMessage(stream: Duplex, data: Uint8Array, text: StringDecoder | undefined, last = false): boolean {
  // A character that is cut in two waits for its rest: half of one would make a browser drop the connection.
  const payload = text === undefined ? data : Buffer.from(last ? text.end() : text.write(Buffer.from(data)));
  if (payload.length === 0) return true;
  stream.write(frameHead(text === undefined ? Opcode.binary : Opcode.text, payload.length));
  return stream.write(payload);
}

/** One piece at a time: the process' pace is the client's. */
function readInput(stream: Duplex, session: StreamSession, closing: Closing): void {
  const reader = new FrameReader();
  const end = (): void => {
    session.endInput();
    session.close();
  };
  const take = async (data: Buffer): Promise<void> => {
    try {
      for (const input of reader.push(data)) await handle(input);
    } catch (error) {
      closing.send(error instanceof WebSocketError ? error.code : CloseCode.goingAway);
      session.close();
    }
  };
  const handle = async (input: WebSocketInput): Promise<void> => {
    if (closing.begun) return;
    if (input.kind === "data") return await session.write(input.data);
    if (input.kind === "ping") {
      stream.write(Buffer.concat([frameHead(Opcode.pong, input.data.length), input.data]));
      if (stream.writableNeedDrain) await writable(stream);
      return;
    }
    closing.send(input.code ?? CloseCode.normal);
    end();
  };
  stream.on("data", (data: Buffer) => {
    stream.pause();
    void take(data).then(() => stream.resume());
  });
  stream.once("end", end);
}
