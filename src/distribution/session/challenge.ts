/** One way to authenticate that a server offers (RFC 9110, 11.6.1). */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const LONGEST = 8 * 1024;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const BLANK = /[ \t]*/y;

/** Reads `WWW-Authenticate`. What cannot be read ends the list: nothing is guessed. */
export function parseChallenges(header: string | undefined): Challenge[] {
  const text = header ?? "";
  if (text.length > LONGEST) return [];
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  while (at < text.length) {
    take(BLANK);
    if (text[at] === ",") {
      at++;
      continue;
    }
    const name = take(TOKEN)?.[0].toLowerCase();
    if (name === undefined) break;
    take(BLANK);
    if (text[at] !== "=") {
      challenges.push({ scheme: name, parameters: new Map() });
      continue;
    }
    at++;
    take(BLANK);
    const value = take(QUOTED)?.[1]?.replace(/\\(.)/g, "$1") ?? take(TOKEN)?.[0];
    if (value === undefined || challenges.length === 0) break;
    challenges.at(-1)?.parameters.set(name, value);
  }
  return challenges;
}
