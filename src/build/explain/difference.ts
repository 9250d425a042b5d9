import type { StepInputs } from "./inputs.ts";

export interface Difference {
  readonly name: string;
  readonly kind: "changed" | "new" | "gone";
  readonly before: string | undefined;
  readonly now: string | undefined;
}

/** What of a step's inputs is another than it was, in the order of the names. */
export function differencesOf(before: StepInputs, now: StepInputs): Difference[] {
  const found: Difference[] = [];
  for (const [name, digits] of now) {
    const old = before.get(name);
    if (old !== digits) found.push({ name, kind: old === undefined ? "new" : "changed", before: old, now: digits });
  }
  for (const [name, digits] of before) if (!now.has(name)) found.push({ name, kind: "gone", before: digits, now: undefined });
  return found;
}

/** More are counted, and not named. */
const MOST_NAMED = 5;
const SHOWN_DIGITS = 12;

/** As a part of a sentence: `src/a.txt was changed, the variable VERSION has another value, and 3 more`. */
export function differencesText(differences: readonly Difference[], base: string): string {
  const named = differences.slice(0, MOST_NAMED).map((difference) => textOf(difference, base));
  const more = differences.length - named.length;
  return more === 0 ? named.join(", ") : `${named.join(", ")}, and ${more} more`;
}

/** @param base what the step stands on, as people call it. */
function textOf({ name, kind, before, now }: Difference, base: string): string {
  if (name === "base") return `${base} is another (${shortened(before)} before, ${shortened(now)} now)`;
  const [what = "", ...rest] = name.split(" ");
  const own = rest.join(" ");
  switch (what) {
    case "file":
      return `${own} ${{ changed: "was changed", new: "is new", gone: "is gone" }[kind]}`;
    case "variable":
      return `the variable ${own} ${{ changed: "has another value", new: "is new", gone: "is gone" }[kind]}`;
    case "mount":
      return `what is mounted at ${own} ${{ changed: "is another", new: "is new", gone: "is gone" }[kind]}`;
    default:
      return `its ${own === "" ? what : own} is another`;
  }
}

function shortened(identity: string | undefined): string {
  return (identity ?? "nothing").replace(/^sha256:/, "").slice(0, SHOWN_DIGITS);
}
