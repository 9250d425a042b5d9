import { Refusal } from "../parser/fault.ts";
import type { DockerfileNode } from "../parser/node.ts";
import { isListOfOthers, jsonWords } from "../parser/json-words.ts";
import type { Command, Instruction } from "./instruction.ts";

export interface Reading {
  readonly node: DockerfileNode;
  readonly escape: string;
}

/** Words between white space: no quotes, no escapes. */
export const plainWords = (text: string): readonly string[] => (text === "" ? [] : text.split(/[\t\v\f\r ]+/));

export function written(node: DockerfileNode): Pick<Instruction, "keyword" | "range" | "original" | "comments"> {
  return { keyword: node.keyword, range: node.range, original: node.original.trim(), comments: node.comments };
}

/** The exec form where it is a JSON list of texts; all else is for the shell. @throws Refusal */
export function commandOf({ rest }: { readonly rest: string }): Command {
  if (isListOfOthers(rest)) throw new Refusal("when using JSON array syntax, arrays must be comprised of strings only");
  const words = jsonWords(rest);
  return words === undefined ? { form: "shell", text: rest } : { form: "exec", words };
}

/** The same decision for lists that are no commands. @throws Refusal */
export function listOf(rest: string): readonly string[] {
  const command = commandOf({ rest });
  return command.form === "exec" ? command.words : plainWords(rest);
}
