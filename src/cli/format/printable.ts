/** Control characters shown, not sent to the terminal: a name or a command comes from an image that may be hostile. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- they are what this is about
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The same for what may have several lines. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}
