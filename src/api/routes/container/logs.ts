import { EngineError } from "#errors/engine-error.ts";
import type { ApiRequest, Reply } from "#http/route.ts";
import { encodeFrames, type StdPiece } from "#http/stdcopy.ts";
import type { LogRecord } from "#logs/contract.ts";
import { formatTimestamp, parseTimestamp } from "#spec/timestamps.ts";
import type { ContainerLogs, LogsOptions } from "#container/logs.ts";
import type { ContainerQueries } from "./backend.ts";
import { booleanOf } from "../../query.ts";
import { streamContentType } from "../../stdio/stream-type.ts";

export function streamLogs(backend: Pick<ContainerQueries, "logs">, request: ApiRequest): Promise<Reply> {
  const { query, params, signal, apiVersion } = request;
  const logs = backend.logs(params["id"] ?? "", optionsOf(query), signal);
  const prefix = prefixOf(booleanOf(query, "timestamps"), booleanOf(query, "details"));
  const contentType = streamContentType(logs.tty, apiVersion);
  return Promise.resolve({ kind: "stream", status: 200, contentType, body: encode(logs, prefix) });
}

function optionsOf(query: URLSearchParams): LogsOptions {
  const now = BigInt(Date.now()) * 1_000_000n;
  const until = query.get("until");
  return {
    follow: booleanOf(query, "follow"),
    stdout: booleanOf(query, "stdout"),
    stderr: booleanOf(query, "stderr"),
    since: parseTimestamp(query.get("since"), now),
    until: until === "0" ? undefined : parseTimestamp(until, now),
    tail: tailOf(query.get("tail") ?? ""),
  };
}

/** A negative number is all of them, as clients rely on. */
function tailOf(text: string): number | undefined {
  if (text === "" || text === "all" || /^-\d{1,9}$/.test(text)) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new EngineError("invalid", `invalid value for tail: ${JSON.stringify(text)}: want a number or "all"`);
  return Number(text);
}

/** What stands before each line. Details are a log driver's labels; those of this engine's have none, and their space stays. */
function prefixOf(timestamps: boolean, details: boolean): (record: LogRecord) => string {
  if (!timestamps && !details) return () => "";
  return ({ timeNano }) => (timestamps ? `${formatTimestamp(timeNano)} ` : "") + (details ? " " : "");
}

async function* encode({ tty, records }: ContainerLogs, prefix: (record: LogRecord) => string): AsyncGenerator<Uint8Array> {
  for await (const batch of records) {
    const pieces = batch.map((record) => pieceOf(record, prefix(record)));
    yield tty ? Buffer.concat(pieces.map(({ data }) => data)) : encodeFrames(pieces);
  }
}

function pieceOf({ stream, data }: LogRecord, prefix: string): StdPiece {
  return { stream, data: prefix === "" ? data : Buffer.concat([Buffer.from(prefix), data]) };
}
