/**
 * Divides at white space outside of quotes. Quotes and escapes stay where they are: they are taken away together with the expansion
 * of variables, later.
 */
export function quotedWords(text: string, escape: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote === "" && /\s/.test(character)) {
      if (word !== undefined && word !== "") words.push(word);
      word = undefined;
      continue;
    }
    word ??= "";
    if (character === escape && quote !== "'") {
      if (at + 1 < text.length) word += character + text.charAt(++at);
      continue;
    }
    if (quote === "" && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = "";
    word += character;
  }
  return word === undefined || word === "" ? words : [...words, word];
}
