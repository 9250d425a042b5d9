import type { MessagePort } from "node:worker_threads";
import { receiveChunks } from "./chunk-receiver.ts";
import { readWire, type WireEnd } from "./wire-reader.ts";

/** A thread's end of a stream: it is sent what comes, or reads for itself. Plain data, but for the port. */
export type JobInput = { readonly kind: "port"; readonly port: MessagePort } | ({ readonly kind: "wire" } & WireEnd);

/** What comes. A chunk is valid until the next is asked for. @throws EngineError. */
export function readInput(input: JobInput, cancelled: () => boolean): AsyncGenerator<Uint8Array, void, undefined> {
  return input.kind === "port" ? receiveChunks(input.port) : readWire(input, cancelled);
}
