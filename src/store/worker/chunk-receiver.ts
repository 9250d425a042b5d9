import type { MessagePort } from "node:worker_threads";
import { EngineError } from "#errors/engine-error.ts";

/** From the feeding side. */
export type ChunkMessage = { readonly chunk: Uint8Array<ArrayBuffer> } | { readonly end: true } | { readonly failed: string };
/** The answer to a chunk that is used up: its memory, to be filled again. */
export type ChunkTaken = ArrayBuffer;

/**
 * The thread's end of a stream. A chunk is valid until the next is asked for: then its memory goes back, so that no more than a few are
 * ever on their way and none is made anew.
 */
export async function* receiveChunks(port: MessagePort): AsyncGenerator<Uint8Array, void, undefined> {
  const arrived: ChunkMessage[] = [];
  let wake: (() => void) | undefined;
  const arrive = (message: ChunkMessage): void => {
    arrived.push(message);
    wake?.();
  };
  port.on("message", arrive);
  port.on("close", () => {
    arrive({ failed: "the stream was closed" });
  });
  try {
    for (;;) {
      const message = arrived.shift();
      if (message === undefined) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      if ("failed" in message) throw new EngineError("cancelled", message.failed);
      if ("end" in message) return;
      yield message.chunk;
      const taken: ChunkTaken = message.chunk.buffer;
      port.postMessage(taken, [taken]);
    }
  } finally {
    port.close();
  }
}
