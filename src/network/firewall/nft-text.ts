/** A set or map, and what is in it. */
export function named(head: string, type: string, elements: readonly string[]): string[] {
  const body = elements.length === 0 ? [] : [`    elements = { ${elements.join(", ")} }`];
  return [`  ${head} {`, `    ${type}`, ...body, "  }"];
}

export function chain(name: string, hook: string | undefined, rules: readonly string[]): string[] {
  const head = hook === undefined ? [] : [`    ${hook}; policy accept;`];
  return [`  chain ${name} {`, ...head, ...rules.map((rule) => `    ${rule}`), "  }"];
}

/** Interface names are checked where they come in; here the quotes only keep nft from reading one as a keyword. */
export function quote(name: string): string {
  return `"${name}"`;
}
