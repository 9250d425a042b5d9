/** Characters of keys that come before the slash: folders with these in their names are not listed in the names' order. */
const BEFORE_SLASH = /[+\-.]/;

/**
 * A bucket lists whole keys, so `a-b/` comes before `a/`; names are wanted in their own order. Only those that are the same up to the first such
 * character can be out of it, and they follow each other: so no more than they are held back.
 */
export async function* inNameOrder(names: AsyncIterable<string>): AsyncGenerator<string> {
  let held: string[] = [];
  for await (const name of names) {
    if (held.length > 0 && stemOf(held[0] ?? "") !== stemOf(name)) {
      yield* held.sort(byCharacters);
      held = [];
    }
    held.push(name);
  }
  yield* held.sort(byCharacters);
}

function stemOf(name: string): string {
  return name.split(BEFORE_SLASH, 1)[0] ?? "";
}

function byCharacters(a: string, b: string): number {
  return a < b ? -1 : 1;
}
