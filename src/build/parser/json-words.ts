/** The words of an exec form; undefined where the text is no JSON list of texts. */
export function jsonWords(text: string): readonly string[] | undefined {
  const list = jsonList(text);
  return list?.every((item) => typeof item === "string") === true ? (list as string[]) : undefined;
}

/** True of a JSON list that holds anything but texts: nobody means a shell command by it. */
export function isListOfOthers(text: string): boolean {
  return jsonList(text)?.some((item) => typeof item !== "string") === true;
}

function jsonList(text: string): unknown[] | undefined {
  if (!text.trimStart().startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
