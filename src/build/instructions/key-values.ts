import { Refusal } from "../parser/fault.ts";
import type { KeyValue } from "./instruction.ts";
import { quotedWords } from "./quoted-words.ts";

/** `A=1 B="two words"`, or the old form `A the rest of the line`. @throws Refusal */
export function keyValues(text: string, instruction: string, escape: string): readonly KeyValue[] {
  const words = quotedWords(text, escape);
  const [first] = words;
  if (first === undefined) throw new Refusal(`${instruction} requires at least one argument`);
  if (!first.includes("=")) return [legacyPair(text, instruction)];
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals < 0) throw new Refusal(`Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`);
    if (equals === 0) throw new Refusal(`${instruction} names can not be blank`);
    return { key: word.slice(0, equals), value: word.slice(equals + 1), isLegacy: false };
  });
}

function legacyPair(text: string, instruction: string): KeyValue {
  const [, key = "", value] = /^(.*?)[\t\v\f\r ]+(.*)$/s.exec(text) ?? [];
  if (value === undefined) throw new Refusal(`${instruction} must have two arguments`);
  return { key, value, isLegacy: true };
}
