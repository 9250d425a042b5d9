import type { CheckDirective } from "./node.ts";

/** Nothing skipped, warnings are warnings. */
export const noCheck: CheckDirective = { skipAll: false, skip: new Set(), experimentalAll: false, experimental: new Set(), error: false };

const DIRECTIVE = /^\s*#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;
const KNOWN: ReadonlySet<string> = new Set(["syntax", "escape", "check"]);

export interface Directive {
  readonly name: string;
  readonly value: string;
}

/** `# name=value` where the name is one of the three that mean something. */
export function directiveOf(line: string): Directive | undefined {
  const [, name = "", value = ""] = DIRECTIVE.exec(line) ?? [];
  return KNOWN.has(name.toLowerCase()) ? { name: name.toLowerCase(), value } : undefined;
}

/** @throws Error with what is wrong. */
export function escapeOf(value: string): "\\" | "`" {
  if (value === "\\" || value === "`") return value;
  throw new Error(`invalid escape token '${value}' does not match \` or \\`);
}

/** `skip=RuleA,RuleB;error=true`; `skip=all`. @throws Error with what is wrong. */
export function parseCheck(text: string): CheckDirective {
  let check = noCheck;
  const [options = ""] = text.trim().split(" ", 1);
  for (const part of options.split(";", 3)) {
    const [, name = "", value = ""] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    if (!part.includes("=")) throw new Error(`invalid check option ${JSON.stringify(part)}`);
    check = { ...check, ...checkOption(name, value, part) };
  }
  return check;
}

function checkOption(name: string, value: string, part: string): Partial<CheckDirective> {
  const rules = new Set(value.split(",").map((rule) => rule.trim().toLowerCase()));
  if (name === "skip") return value === "all" ? { skipAll: true } : { skip: rules };
  if (name === "experimental") return value === "all" ? { experimentalAll: true } : { experimental: rules };
  if (name !== "error") throw new Error(`invalid check option ${JSON.stringify(name)}`);
  if (!/^(?:1|0|t|f|true|false)$/i.test(value)) throw new Error(`failed to parse check option ${JSON.stringify(part)}`);
  return { error: /^(?:1|t)/i.test(value) };
}

/** What a comment right above an instruction (`# check=skip=SomeRule`) adds to the file's own. */
export function mergedCheck(check: CheckDirective, comments: readonly string[]): CheckDirective {
  const directive = comments.map((comment) => directiveOf(`#${comment}`)).find((found) => found?.name === "check");
  if (directive === undefined) return check;
  try {
    const own = parseCheck(directive.value);
    return {
      skipAll: check.skipAll || own.skipAll,
      skip: check.skip.union(own.skip),
      experimentalAll: check.experimentalAll || own.experimentalAll,
      experimental: check.experimental.union(own.experimental),
      error: check.error,
    };
  } catch {
    return check;
  }
}
