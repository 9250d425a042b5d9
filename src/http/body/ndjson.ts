import { EngineError } from "#errors/engine-error.ts";
import { parseLargeJson } from "#lib/json/text.ts";

/** The line of one value. */
export function encodeLine(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

/** Values as lines of JSON: what events, pull, load and build answer. */
export async function* encodeLines(values: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const value of values) yield encodeLine(value);
}

const LONGEST_LINE = 16 * 1024 * 1024;
const NEWLINE = 10;

/**
 * The values of such a stream, as soon as each line is there.
 *
 * @throws EngineError `invalid` for a line that is no JSON, `too-large` for one without end.
 */
export async function* decodeLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end));
      yield* decodeLine(parts);
      [parts, length, start] = [[], 0, end + 1];
    }
    parts.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > LONGEST_LINE) throw new EngineError("too-large", `a line of JSON is longer than ${LONGEST_LINE} bytes`);
  }
  yield* decodeLine(parts);
}

/** Nothing for an empty line. */
function* decodeLine(parts: readonly Uint8Array[]): Generator<unknown> {
  const text = Buffer.concat(parts).toString("utf8").trim();
  if (text === "") return;
  try {
    yield parseLargeJson(text);
  } catch (cause) {
    throw new EngineError("invalid", `not a line of JSON: ${text.slice(0, 200)}`, { cause });
  }
}
