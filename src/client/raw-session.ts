import type { Duplex } from "node:stream";
import { demultiplex, type StdPiece } from "#http/body/stdcopy.ts";

/** A connection that has become a process' streams. */
export interface RawSession {
  /** As the bytes are: what is written is typed, and `end()` ends the input alone. */
  readonly stream: Duplex;
  /** Whether stdout and stderr come apart; with a terminal they are one. */
  readonly multiplexed: boolean;
  /** The output, taken apart. To be read once, instead of `stream`. */
  output(): AsyncIterable<StdPiece>;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

export function rawSession(stream: Duplex, headers: Headers): RawSession {
  const multiplexed = isMultiplexed(headers);
  return { stream, multiplexed, output: () => piecesOf(stream, multiplexed) };
}

/** Output as pieces, whether it comes in frames or not. */
export function piecesOf(chunks: AsyncIterable<Uint8Array>, multiplexed: boolean): AsyncGenerator<StdPiece> {
  return multiplexed ? demultiplex(chunks) : unframed(chunks);
}

/** Daemons of API 1.42 and newer say so. */
export function isMultiplexed(headers: Headers): boolean {
  return headers["content-type"] === "application/vnd.docker.multiplexed-stream";
}

async function* unframed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StdPiece> {
  for await (const data of chunks) yield { stream: "stdout", data };
}
