import { parsePlatform } from "#spec/platform.ts";
import { parseReference } from "#spec/reference.ts";
import type { ArgInstruction, FromInstruction } from "../instructions/instruction.ts";
import type { Stage } from "../instructions/stages.ts";
import { didYouMean } from "../instructions/suggest.ts";
import { expandWord, type Expansion } from "../words/expand.ts";
import type { PlanOptions } from "./plan.ts";
import { globalScope, variablesOf, type GlobalArgs } from "./scope.ts";
import type { StageContext } from "./stage-context.ts";
import { isDescription, type Warnings } from "./warnings.ts";

const RESERVED: ReadonlySet<string> = new Set(["context", "scratch"]);

/** What is wrong with the FROM lines as they are written. */
export function lintStages(stages: readonly Stage[], warnings: Warnings): void {
  const seen = new Set<string>();
  for (const { from } of stages) {
    warnOfCasing(from, warnings);
    const name = from.name?.toLowerCase();
    if (name === undefined) continue;
    if (RESERVED.has(name)) {
      warnings.add("ReservedStageName", from, `Stage name should not use the same name as reserved stage ${JSON.stringify(name)}`);
    }
    if (seen.has(name)) {
      warnings.add("DuplicateStageName", from, `Duplicate stage name ${JSON.stringify(name)}, stage names should be unique`);
    }
    seen.add(name);
    warnOfDescription("FROM", [name], from, warnings);
  }
}

function warnOfCasing(from: FromInstruction, warnings: Warnings): void {
  const { keyword, asKeyword, name } = from;
  if (name !== undefined && name !== name.toLowerCase()) {
    warnings.add("StageNameCasing", from, `Stage name '${name}' should be lowercase`);
  }
  const [lower, upper] = [keyword.toLowerCase(), keyword.toUpperCase()];
  if (asKeyword === undefined || (keyword !== lower && keyword !== upper)) return;
  if (asKeyword === (keyword === lower ? asKeyword.toLowerCase() : asKeyword.toUpperCase())) return;
  warnings.add("FromAsCasing", from, `'${asKeyword}' and '${keyword}' keywords' casing do not match`);
}

/** A comment right above an ARG or a named stage is taken for its description, and has to begin with its name. */
export function warnOfDescription(
  instruction: string,
  names: readonly string[],
  place: FromInstruction | ArgInstruction,
  warnings: Warnings,
): void {
  const comment = place.comments.filter(isDescription).at(-1);
  if (comment === undefined || names.includes(comment.split(" ", 1)[0] ?? "")) return;
  const example = names.length > 1 ? "<arg_key>" : names[0];
  warnings.add(
    "InvalidDefinitionDescription",
    place,
    `Comment for ${instruction} should follow the format: \`# ${example} <description>\``,
  );
}

export function warnOfUndeclared(unmatched: ReadonlySet<string>, from: FromInstruction, { globalArgs, warnings }: StageContext): void {
  for (const name of unmatched) {
    warnings.add("UndefinedArgInFrom", from, `FROM argument '${name}' is not declared${didYouMean(name, globalArgs.keys())}`);
  }
}

export function warnOfPlatform(from: FromInstruction, { text, matched, unmatched }: Expansion, args: GlobalArgs, warnings: Warnings): void {
  if (matched.size === 1 && unmatched.size === 0 && matched.has("TARGETPLATFORM") && text === args.get("TARGETPLATFORM")) {
    const detail = `Setting platform to predefined ${from.platform} in FROM is redundant as this is the default behavior`;
    warnings.add("RedundantTargetPlatform", from, detail);
  }
  if (matched.size > 0 || unmatched.size > 0 || isNamedAfter(from.name?.toLowerCase() ?? "", text)) return;
  warnings.add("FromPlatformFlagConstDisallowed", from, `FROM --platform flag should not use constant value ${JSON.stringify(text)}`);
}

function isNamedAfter(name: string, platform: string): boolean {
  try {
    const { os, architecture } = parsePlatform(platform);
    return name.includes(os) || name.includes(architecture);
  } catch {
    return true; // Refused as a platform, soon.
  }
}

/** A base whose name comes from an ARG should be a name without any --build-arg. */
export function lintDefaults(
  stages: readonly Stage[],
  args: readonly ArgInstruction[],
  options: PlanOptions,
  escape: "\\" | "`",
  warnings: Warnings,
): void {
  try {
    const scope = variablesOf(globalScope(args, { ...options, buildArgs: {} }, "", escape));
    for (const { from } of stages) {
      const { text } = expandWord(from.image, scope, { escape });
      if (isImageName(text)) continue;
      warnings.add("InvalidDefaultArgInFrom", from, `Default value for ARG ${from.image} results in empty or invalid base image name`);
    }
  } catch {
    // The same words are expanded for the build itself, and refused there with their place.
  }
}

function isImageName(text: string): boolean {
  try {
    parseReference(text);
    return true;
  } catch {
    return /^[0-9a-f]{64}$/.test(text);
  }
}
