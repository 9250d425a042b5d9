import { EngineError } from "#errors/engine-error.ts";

/** Words as a Dockerfile separates them: quotes group and are taken away, a backslash takes the next character as it is. */
export function words(text: string, instruction: string): string[] {
  const found: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === "\\" && quote !== "'" && at + 1 < text.length) word = (word ?? "") + text.charAt(++at);
    else if (quote !== "" && character === quote) quote = "";
    else if (quote === "" && (character === '"' || character === "'")) [quote, word] = [character, word ?? ""];
    else if (quote === "" && /\s/.test(character)) {
      if (word !== undefined) found.push(word);
      word = undefined;
    } else word = (word ?? "") + character;
  }
  if (quote !== "") throw new EngineError("invalid", `${instruction}: a quote is not closed`);
  return word === undefined ? found : [...found, word];
}

/** `A=1 B="two words"`, or the old `A the rest`. @throws EngineError `invalid`. */
export function keyValues(text: string, instruction: string): [string, string][] {
  const list = words(text, instruction);
  if (!(list[0] ?? "").includes("=")) {
    const [, key = "", value = ""] = /^(\S+)\s+(.*)$/s.exec(text) ?? [];
    if (key === "") throw new EngineError("invalid", `${instruction} must have two arguments`);
    return [[key, value]];
  }
  return list.map((word) => {
    const equals = word.indexOf("=");
    if (equals < 0)
      throw new EngineError(
        "invalid",
        `Syntax error - can't find = in ${JSON.stringify(word.slice(0, 100))}. Must be of the form: name=value`,
      );
    if (equals === 0) throw new EngineError("invalid", `${instruction} names can not be blank`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}
