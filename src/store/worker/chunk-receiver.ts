import type { MessagePort } from "node:worker_threads";
import { EngineError } from "#errors/engine-error.ts";

/** From the feeding side; an answer of `CHUNK_TAKEN` asks for more. */
export type ChunkMessage = { readonly chunk: Uint8Array } | { readonly end: true } | { readonly failed: string };
export const CHUNK_TAKEN = "taken";

/** The thread's end of a stream. Each chunk is answered when it is used up, so that no more than a few are ever on their way. */
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
      port.postMessage(CHUNK_TAKEN);
    }
  } finally {
    port.close();
  }
}
