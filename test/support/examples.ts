/** The blocks of code of a page, in one language, one after the other: a page's examples go on where the last one stopped. */
export function examplesIn(page: string, language: string): string {
  return [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].flatMap(([, name, code]) => (name === language ? [code] : [])).join("\n");
}
