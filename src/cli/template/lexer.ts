import { TemplateError } from "./syntax.ts";

export type Token =
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "field"; readonly fields: readonly string[] }
  | { readonly kind: "variable"; readonly name: string; readonly fields: readonly string[] }
  | { readonly kind: "literal"; readonly value: string | number }
  | { readonly kind: "mark"; readonly text: "(" | ")" | "|" | ":=" | "," };

export type Piece = { readonly kind: "text"; readonly text: string } | { readonly kind: "action"; readonly tokens: readonly Token[] };

/** Cuts a template into text and actions; `{{-` and `-}}` take the white space beside them, comments vanish. */
export function cut(template: string): Piece[] {
  const pieces: Piece[] = [];
  let rest = template;
  for (let open = rest.indexOf("{{"); open >= 0; open = rest.indexOf("{{")) {
    const close = closingOf(rest, open + 2);
    const trimsLeft = /^\{\{-\s/.test(rest.slice(open));
    const trimsRight = /\s-$/.test(rest.slice(open + 2, close));
    const text = rest.slice(0, open);
    pieces.push({ kind: "text", text: trimsLeft ? text.trimEnd() : text });
    const action = rest.slice(open + (trimsLeft ? 3 : 2), trimsRight ? close - 1 : close).trim();
    if (!action.startsWith("/*")) pieces.push({ kind: "action", tokens: tokens(action) });
    rest = rest.slice(close + 2);
    if (trimsRight) rest = rest.trimStart();
  }
  return [...pieces, { kind: "text", text: rest }];
}

/** Where the action ends: the first `}}` that is in no string. */
function closingOf(text: string, from: number): number {
  const pattern = /"(?:\\.|[^"\\])*"|`[^`]*`|\}\}/gs;
  pattern.lastIndex = from;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if (match[0] === "}}") return match.index;
  }
  throw new TemplateError(`unclosed action in ${JSON.stringify(text.slice(from - 2, from + 30))}`);
}

const TOKEN = /\s*(?:("(?:\\.|[^"\\])*")|(`[^`]*`)|(-?\d+(?:\.\d+)?)|(\$\w*)((?:\.\w+)*)|((?:\.\w+)+|\.)|(\w+)|(:=|[()|,=]))/sy;

function tokens(action: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < action.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(action);
    if (match === null) throw new TemplateError(`unexpected ${JSON.stringify(action.slice(at))} in the template`);
    found.push(tokenOf(match));
  }
  return found;
}

function tokenOf([, quoted, raw, number, variable, after, path, word, mark]: readonly (string | undefined)[]): Token {
  if (quoted !== undefined) return { kind: "literal", value: JSON.parse(quoted) as string };
  if (raw !== undefined) return { kind: "literal", value: raw.slice(1, -1) };
  if (number !== undefined) return { kind: "literal", value: Number(number) };
  if (variable !== undefined) return { kind: "variable", name: variable, fields: fieldsOf(after ?? "") };
  if (path !== undefined) return { kind: "field", fields: fieldsOf(path) };
  if (word !== undefined) return { kind: "word", text: word };
  return { kind: "mark", text: (mark === "=" ? ":=" : mark) as ":=" };
}

const fieldsOf = (path: string): string[] => path.split(".").filter((name) => name !== "");
