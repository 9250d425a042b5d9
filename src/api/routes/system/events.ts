import type { EngineEvent } from "#events/contract.ts";
import { EngineError } from "#errors/engine-error.ts";
import type { ApiRequest, Reply } from "#http/route.ts";
import { compareApiVersions, type ApiVersion } from "#spec/api-version.ts";
import { eventFilterKeys } from "#spec/filters/event.ts";
import { parseFilters } from "#spec/filters/filters.ts";
import { parseTimestamp } from "#spec/timestamps.ts";
import { eventLine } from "../../views/event.ts";
import type { SystemBackend } from "./backend.ts";

/** Clients before 1.46 know no `create` of an image. */
const IMAGE_CREATE_SINCE: ApiVersion = [1, 46];

export async function streamEvents(backend: SystemBackend, request: ApiRequest): Promise<Reply> {
  const { query, signal, apiVersion } = request;
  const span = parseSpan(query);
  const filters = parseFilters(query.get("filters"), eventFilterKeys);
  const form = formOf(String(request.headers["accept"] ?? ""));
  // Subscribed before the headers go out, so that what happens once a client has them is in the stream.
  const events = backend.events.subscribe({ ...span, filters, signal });
  return { kind: "stream", status: 200, contentType: form.contentType, body: encode(events, apiVersion, form.prefix) };
}

function parseSpan(query: URLSearchParams): { since?: bigint; until?: bigint } {
  const now = BigInt(Date.now()) * 1_000_000n;
  const since = parseTimestamp(query.get("since"), now);
  const until = parseTimestamp(query.get("until"), now);
  if (since !== undefined && until !== undefined && until < since) {
    const message = `\`since\` time (${query.get("since")}) cannot be after \`until\` time (${query.get("until")})`;
    throw new EngineError("invalid", message);
  }
  return { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
}

interface Form {
  readonly contentType: string;
  /** Stands before each event. */
  readonly prefix: string;
}

/** RFC 7464 puts a record separator before each value. The type for those that do not say is wrong, and Docker's. */
const forms: readonly Form[] = [
  { contentType: "application/jsonl", prefix: "" },
  { contentType: "application/x-ndjson", prefix: "" },
  { contentType: "application/json-seq", prefix: "\u001e" },
];

function formOf(accept: string): Form {
  return forms.find(({ contentType }) => accept.includes(contentType)) ?? { contentType: "application/json", prefix: "" };
}

async function* encode(events: AsyncIterable<EngineEvent>, apiVersion: ApiVersion, prefix: string): AsyncGenerator<Uint8Array> {
  const withoutCreate = compareApiVersions(apiVersion, IMAGE_CREATE_SINCE) < 0;
  for await (const event of events) {
    if (withoutCreate && event.type === "image" && event.action === "create") continue;
    yield Buffer.from(prefix + eventLine(event, apiVersion));
  }
}
