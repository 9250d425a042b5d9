/** JSON that says one thing twice, or is larger in some way than its limits. */
class JsonLimitError extends SyntaxError {
  override readonly name = "JsonLimitError";
}

export interface JsonLimits {
  /** Objects and arrays inside each other. */
  readonly depth: number;
  /** Keys in all objects together. */
  readonly keys: number;
}

/** Deeper or wider than anything the API has: its deepest body is a create with eight levels. */
const defaultJsonLimits: JsonLimits = Object.freeze({ depth: 64, keys: 100_000 });

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Checks what JSON.parse lets pass: two equal keys in one object (readers disagree about which counts, so one of them would be
 * shown to a policy and the other carried out), and depth and number of keys. One pass, linear; syntax is left to JSON.parse.
 *
 * @returns whether a key is written with an escape sequence.
 * @throws JsonLimitError.
 */
export function scanJson(text: string, limits: JsonLimits = defaultJsonLimits): { readonly escapedKeys: boolean } {
  const keysOf: (Set<string> | undefined)[] = [];
  let keys = 0;
  let escapedKeys = false;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(text, at);
        const isKey = text.charCodeAt(afterSpace(text, end)) === COLON;
        if (isKey && (keys += 1) > limits.keys) throw invalid(`more than ${limits.keys} keys`);
        if (isKey) escapedKeys = addKey(keysOf.at(-1), text.slice(at, end)) || escapedKeys;
        at = end - 1;
        break;
      }
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        keysOf.push(text.charCodeAt(at) === OPEN_OBJECT ? new Set() : undefined);
        if (keysOf.length > limits.depth) throw invalid(`nested deeper than ${limits.depth} levels`);
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        keysOf.pop();
        break;
      default:
    }
  }
  return { escapedKeys };
}

/** The index behind the closing quote of the string that starts at `start`. */
export function endOfString(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (quote > 0 && isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote < 0 ? text.length : quote + 1;
}

function isEscaped(text: string, quote: number): boolean {
  let at = quote - 1;
  while (text.charCodeAt(at) === BACKSLASH) at -= 1;
  return (quote - at) % 2 === 0;
}

function afterSpace(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= 0x20) at += 1;
  return at;
}

function addKey(seen: Set<string> | undefined, quoted: string): boolean {
  const escaped = quoted.includes("\\");
  const key = escaped ? unescaped(quoted) : quoted;
  if (seen?.has(key) === true) throw invalid(`duplicate key ${key.slice(0, 100)}`);
  seen?.add(key);
  return escaped;
}

function unescaped(quoted: string): string {
  try {
    return JSON.stringify(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}

function invalid(what: string): JsonLimitError {
  return new JsonLimitError(what);
}
