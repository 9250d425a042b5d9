/** JSON text that is malformed, or says one thing twice. */
class StrictJsonError extends Error {
  override readonly name = "StrictJsonError";
}

// One token at a time: a string, punctuation, or a run of anything else that holds no quote (numbers, words, white space).
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^"{}[\],:]+/g;

/**
 * Parses JSON and refuses an object that has a key twice. Parsers differ in which of the two they take, so that a duplicate can
 * hide a value from whoever checked the text before us; in a configuration it is a mistake that would go unseen.
 *
 * @throws StrictJsonError naming the key, or with the parser's own words.
 */
export function parseStrictJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new StrictJsonError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  refuseDuplicates(text);
  return value;
}

/** The text is known to be valid: a string is a key when a colon follows it. */
function refuseDuplicates(text: string): void {
  const open: Set<string>[] = [];
  let last = "";
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === "{" || token === "[") open.push(new Set());
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":") addKey(open.at(-1), last);
    if (token.trim() !== "") last = token;
  }
}

function addKey(keys: Set<string> | undefined, token: string): void {
  const key = JSON.parse(token) as string; // "a" and "\u0061" are one key.
  if (keys?.has(key) === true) throw new StrictJsonError(`the key ${JSON.stringify(key)} is given twice`);
  keys?.add(key);
}
