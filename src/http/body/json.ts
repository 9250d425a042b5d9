import { isUtf8 } from "node:buffer";
import { EngineError } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";

/** What of a request its JSON reader needs. */
export interface JsonSource {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Reads a body as one JSON value; undefined when it is empty or absent. Content types are judged as Docker does: none is needed
 * without a body, and anything but application/json is refused.
 *
 * @throws EngineError `invalid`; `too-large`, before the body is read where its length is announced.
 */
export async function readJson(source: JsonSource, maxBytes: number): Promise<unknown> {
  const announced = announcedLength(source.headers);
  checkContentType(source.headers["content-type"], announced === 0);
  if (announced === 0) return undefined;
  if (announced !== undefined && announced > maxBytes) throw tooLarge(maxBytes);
  const bytes = await collect(source.body, maxBytes);
  return bytes.length === 0 ? undefined : parseJson(bytes);
}

/** Undefined is unknown: the body comes in chunks. */
function announcedLength(headers: JsonSource["headers"]): number | undefined {
  return headers["transfer-encoding"] === undefined ? Number(headers["content-length"] ?? 0) : undefined;
}

/** Docker's texts; a browser's form cannot send application/json without asking first. */
function checkContentType(header: string | string[] | undefined, empty: boolean): void {
  if (header === undefined && empty) return;
  const value = String(header ?? "");
  const mediaType = value.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (mediaType === "application/json") return;
  if (mediaType === "") throw new EngineError("invalid", `malformed Content-Type header (${value}): mime: no media type`);
  throw new EngineError("invalid", `unsupported Content-Type header (${value}): must be 'application/json'`);
}

async function collect(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? Buffer.from(chunks[0] as Uint8Array<ArrayBuffer>) : Buffer.concat(chunks, length);
}

/**
 * Strict: one value, UTF-8, no duplicate keys, bounded depth. A key `__proto__` becomes an own property like any other.
 *
 * @throws EngineError `invalid`.
 */
function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new EngineError("invalid", "invalid JSON: not UTF-8");
  try {
    return parseJsonText(bytes.toString("utf8"));
  } catch (cause) {
    throw new EngineError("invalid", `invalid JSON: ${(cause as SyntaxError).message}`, { cause });
  }
}

function tooLarge(maxBytes: number): EngineError {
  return new EngineError("too-large", `the request body is larger than ${maxBytes} bytes`);
}
