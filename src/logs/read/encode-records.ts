import { encodeFrames, type StdPiece } from "#http/body/stdcopy.ts";
import { formatTimestamp } from "#spec/timestamps.ts";
import type { LogFormat, LogRecord } from "../contract.ts";

/** Records as they are sent. */
export function encodeRecords(records: readonly LogRecord[], format: LogFormat): Buffer {
  const pieces = records.map((record) => pieceOf(record, format));
  return format.framed ? encodeFrames(pieces) : Buffer.concat(pieces.map(({ data }) => data));
}

function pieceOf({ stream, timeNano, data }: LogRecord, { timestamps, details }: LogFormat): StdPiece {
  const prefix = (timestamps ? `${formatTimestamp(timeNano)} ` : "") + details;
  return { stream, data: prefix === "" ? data : Buffer.concat([Buffer.from(prefix), data]) };
}
