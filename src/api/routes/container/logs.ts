import { EngineError } from "#errors/engine-error.ts";
import type { ApiRequest, Reply } from "#http/route.ts";
import { parseTimestamp } from "#spec/timestamps.ts";
import type { LogsOptions } from "#container/attach/logs.ts";
import type { ContainerQueries } from "./backend.ts";
import { booleanOf } from "../../query.ts";
import { streamContentType } from "../../stdio/stream-type.ts";

export function streamLogs(backend: Pick<ContainerQueries, "logs">, request: ApiRequest): Promise<Reply> {
  const { query, params, signal, apiVersion } = request;
  const logs = backend.logs(params["id"] ?? "", optionsOf(query), signal);
  const contentType = streamContentType(logs.tty, apiVersion);
  return Promise.resolve({ kind: "stream", status: 200, contentType, body: logs.content });
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
    timestamps: booleanOf(query, "timestamps"),
    details: booleanOf(query, "details"),
  };
}

/** A negative number is all of them, as clients rely on. */
function tailOf(text: string): number | undefined {
  if (text === "" || text === "all" || /^-\d{1,9}$/.test(text)) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new EngineError("invalid", `invalid value for tail: ${JSON.stringify(text)}: want a number or "all"`);
  return Number(text);
}
