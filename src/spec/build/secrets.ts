import { EngineError } from "#errors/engine-error.ts";
import { parseJsonText } from "#lib/json/text.ts";

/**
 * How secrets come with a build over the classic wire, which has no place for them: in front of the body. A header says how many bytes
 * of it are a JSON object from a secret's id to its value in base64; behind them the body is what it always was. Not in the header
 * itself: those are logged by proxies, and are short.
 */
export const BUILD_SECRETS_HEADER = "x-dhow-build-secrets";

/** Of one secret, as in BuildKit. */
export const LARGEST_SECRET = 500 * 1024;
const MOST_SECRETS = 100;
/** The JSON of as many of the largest would be more: nobody has those. */
const LARGEST_BLOCK = 8 * 1024 * 1024;

export type BuildSecrets = ReadonlyMap<string, Uint8Array>;

/** The bytes to put in front of a body. */
export function encodeBuildSecrets(secrets: BuildSecrets): Buffer {
  return Buffer.from(JSON.stringify(Object.fromEntries([...secrets].map(([id, value]) => [id, Buffer.from(value).toString("base64")]))));
}

export interface BodyWithSecrets {
  readonly secrets: BuildSecrets;
  readonly rest: AsyncIterable<Uint8Array>;
}

/**
 * Takes the secrets from the front of a body.
 *
 * @param header what the request says of their length.
 * @throws EngineError `invalid`, `too-large`; no message holds any of the bytes.
 */
export async function takeBuildSecrets(header: string | string[] | undefined, body: AsyncIterable<Uint8Array>): Promise<BodyWithSecrets> {
  if (header === undefined) return { secrets: new Map(), rest: body };
  const length = lengthOf(header);
  const iterator = body[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let missing = length;
  while (missing > 0) {
    const { value, done } = await iterator.next();
    if (done === true) throw new EngineError("invalid", `the body ends ${missing} bytes before the build's secrets do`);
    chunks.push(value);
    missing -= value.byteLength;
  }
  const bytes = Buffer.concat(chunks);
  return { secrets: decode(bytes.subarray(0, length)), rest: following(bytes.subarray(length), iterator) };
}

function lengthOf(header: string | string[]): number {
  const length = typeof header === "string" && /^\d{1,9}$/.test(header) ? Number(header) : Number.NaN;
  if (!(length > 0)) throw new EngineError("invalid", `${BUILD_SECRETS_HEADER} is not a number of bytes`);
  if (length > LARGEST_BLOCK) throw new EngineError("too-large", `the build's secrets are larger than ${LARGEST_BLOCK} bytes`);
  return length;
}

function decode(bytes: Uint8Array): BuildSecrets {
  const entries = Object.entries(objectOf(bytes));
  if (entries.length > MOST_SECRETS) throw new EngineError("too-large", `more than ${MOST_SECRETS} secrets`);
  return new Map(entries.map(([id, value]) => [id, valueOf(value)]));
}

function objectOf(bytes: Uint8Array): object {
  try {
    const value = parseJsonText(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // The parser's words would quote what it read.
  }
  throw new EngineError("invalid", "the build's secrets are not a JSON object");
}

function valueOf(value: unknown): Uint8Array {
  if (typeof value !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw new EngineError("invalid", "a secret is not base64");
  const bytes = Buffer.from(value, "base64");
  if (bytes.byteLength > LARGEST_SECRET) throw new EngineError("too-large", `a secret is larger than ${LARGEST_SECRET} bytes`);
  return bytes;
}

async function* following(first: Uint8Array, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (first.byteLength > 0) yield first;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
