import { cut, type Piece, type Token } from "./lexer.ts";
import { TemplateError, type Command, type Node, type Operand, type Pipeline } from "./syntax.ts";

/** @throws TemplateError saying what is wrong. */
export function parseTemplate(template: string): readonly Node[] {
  const pieces = cut(template);
  const { nodes, ended } = parseNodes(pieces);
  if (ended !== undefined) throw new TemplateError(`unexpected {{${ended}}}`);
  return nodes;
}

const BLOCKS = ["if", "with", "range"] as const;
type Block = (typeof BLOCKS)[number];

/** Takes nodes from the front of `pieces` until `end` or `else`. */
function parseNodes(pieces: Piece[]): { nodes: Node[]; ended?: "end" | "else"; rest?: readonly Token[] } {
  const nodes: Node[] = [];
  for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
    if (piece.kind === "text") {
      if (piece.text !== "") nodes.push(piece);
      continue;
    }
    const word = firstWord(piece.tokens);
    if (word === "end" || word === "else") return { nodes, ended: word, rest: piece.tokens.slice(1) };
    nodes.push(
      isBlock(word) ? parseBlock(word, piece.tokens.slice(1), pieces) : { kind: "action", pipeline: parsePipeline([...piece.tokens]) },
    );
  }
  return { nodes };
}

function parseBlock(kind: Block, tokens: readonly Token[], pieces: Piece[]): Node {
  const pipeline = parsePipeline([...tokens]);
  const { nodes, ended, rest } = parseNodes(pieces);
  if (ended === undefined) throw new TemplateError(`{{${kind}}} without {{end}}`);
  return { kind, pipeline, body: nodes, otherwise: ended === "end" ? [] : parseElse(rest ?? [], pieces, kind) };
}

/** After `else`: the nodes to `end`, or, after `else if`, one more block that takes the same `end`. */
function parseElse(tokens: readonly Token[], pieces: Piece[], kind: Block): Node[] {
  const word = firstWord(tokens);
  if (isBlock(word)) return [parseBlock(word, tokens.slice(1), pieces)];
  const { nodes, ended } = parseNodes(pieces);
  if (ended !== "end") throw new TemplateError(`{{${kind}}} without {{end}}`);
  return nodes;
}

function firstWord(tokens: readonly Token[]): string | undefined {
  return tokens[0]?.kind === "word" ? tokens[0].text : undefined;
}

const isBlock = (word: string | undefined): word is Block => BLOCKS.some((block) => block === word);
const isMark = (token: Token | undefined, text: string): boolean => token?.kind === "mark" && token.text === text;

/** Takes tokens to the end, or to the parenthesis that closes it. */
function parsePipeline(tokens: Token[]): Pipeline {
  const variables = takeVariables(tokens);
  const commands: Operand[][] = [[]];
  while (tokens.length > 0 && !isMark(tokens[0], ")")) {
    if (isMark(tokens[0], "|")) {
      tokens.shift();
      commands.push([]);
    } else commands.at(-1)?.push(parseOperand(tokens));
  }
  if (commands.some((command) => command.length === 0)) throw new TemplateError("missing value for command in the template");
  return { variables, commands: commands satisfies Command[] };
}

/** `$a :=` or `$a, $b :=`, when that is what comes. */
function takeVariables(tokens: Token[]): string[] {
  const end = tokens.findIndex((token) => isMark(token, ":="));
  if (end < 0 || tokens[0]?.kind !== "variable") return [];
  const names = tokens.splice(0, end + 1).flatMap((token) => (token.kind === "variable" ? [token.name] : []));
  return names;
}

function parseOperand(tokens: Token[]): Operand {
  const token = tokens.shift();
  switch (token?.kind) {
    case "literal":
      return { kind: "literal", value: token.value };
    case "field":
      return { kind: "path", base: "dot", fields: token.fields };
    case "variable":
      return { kind: "path", base: { variable: token.name }, fields: token.fields };
    case "word":
      return wordOperand(token.text);
    case "mark":
    case undefined:
      return parseParenthesis(token, tokens);
  }
}

function wordOperand(text: string): Operand {
  if (text === "true" || text === "false") return { kind: "literal", value: text === "true" };
  return text === "nil" ? { kind: "literal", value: undefined } : { kind: "function", name: text };
}

function parseParenthesis(token: Token | undefined, tokens: Token[]): Operand {
  if (!isMark(token, "(")) throw new TemplateError(`unexpected ${token?.kind === "mark" ? token.text : "end"} in the template`);
  const pipeline = parsePipeline(tokens);
  if (!isMark(tokens.shift(), ")")) throw new TemplateError("unclosed ( in the template");
  const next = tokens[0];
  const fields = next?.kind === "field" && next.fields.length > 0 ? (tokens.shift() as typeof next).fields : [];
  return { kind: "path", base: { pipeline }, fields };
}
