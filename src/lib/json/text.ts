import { endOfString, type JsonLimits, scanJson } from "./scan.ts";

/**
 * Like JSON.parse, and right where that is wrong: V8 (up to at least 14.6) takes a key with an escape sequence for another key that
 * it has met before, across texts: after `{"x":1,"\\":2}` the key of `{"x":1,"\n":2}` is read as a backslash
 * (https://github.com/nodejs/node/issues/63785). One client could so change what another one's request says. Only texts with such a
 * key are read slowly.
 *
 * @throws SyntaxError, as JSON.parse and the scan do.
 */
export function parseJsonText(text: string, limits?: JsonLimits): unknown {
  const { escapedKeys } = scanJson(text, limits);
  const parsed: unknown = JSON.parse(text);
  return escapedKeys ? new ValidJsonReader(text).value() : parsed;
}

/** Deep enough for anything, and no danger to the stack. */
const LARGE: JsonLimits = { depth: 1000, keys: Number.MAX_SAFE_INTEGER };

/** The same for what has been let in already, whatever its size: a daemon's answer. Keys without escapes need no scan. */
export function parseLargeJson(text: string): unknown {
  return text.includes("\\") ? parseJsonText(text, LARGE) : (JSON.parse(text) as unknown);
}

/** Reads a text that JSON.parse has accepted and the scan has found to be shallow: so there is nothing to check. */
class ValidJsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): unknown {
    switch (this.#peek()) {
      case "{":
        return this.#object();
      case "[":
        return this.#array();
      case '"':
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #object(): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    this.#next();
    while (this.#peek() !== "}") {
      const key = this.#string();
      this.#next();
      entries.push([key, this.value()]);
      if (this.#peek() === ",") this.#next();
    }
    this.#next();
    // Defines own properties, `__proto__` included.
    return Object.fromEntries(entries);
  }

  #array(): unknown[] {
    const items: unknown[] = [];
    this.#next();
    while (this.#peek() !== "]") {
      items.push(this.value());
      if (this.#peek() === ",") this.#next();
    }
    this.#next();
    return items;
  }

  #string(): string {
    this.#peek();
    const start = this.#at;
    this.#at = endOfString(this.#text, start);
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #scalar(): unknown {
    const start = this.#at;
    while (this.#at < this.#text.length && !/[\s,\]}]/.test(this.#text.charAt(this.#at))) this.#at += 1;
    return JSON.parse(this.#text.slice(start, this.#at)) as unknown;
  }

  /** The next character that is no white space, which is left in place. */
  #peek(): string {
    while (this.#text.charCodeAt(this.#at) <= 0x20) this.#at += 1;
    return this.#text.charAt(this.#at);
  }

  #next(): string {
    const character = this.#peek();
    this.#at += 1;
    return character;
  }
}
