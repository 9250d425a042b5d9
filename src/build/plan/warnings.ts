import { directiveOf, mergedCheck } from "../parser/directives.ts";
import type { CheckDirective, SourceRange } from "../parser/node.ts";
import type { BuildWarning } from "./plan.ts";

/** BuildKit's rules (frontend/dockerfile/linter/ruleset.go): what each says in general. */
const DESCRIPTIONS = {
  StageNameCasing: "Stage names should be lowercase",
  FromAsCasing: "The 'as' keyword should match the case of the 'from' keyword",
  NoEmptyContinuation: "Empty continuation lines will become errors in a future release",
  ConsistentInstructionCasing: "All commands within the Dockerfile should use the same casing (either upper or lower)",
  DuplicateStageName: "Stage names should be unique",
  ReservedStageName: "Reserved words should not be used as stage names",
  JSONArgsRecommended: "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
  MaintainerDeprecated: "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
  UndefinedArgInFrom: "FROM command must use declared ARGs",
  WorkdirRelativePath:
    "Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes",
  UndefinedVar: "Variables should be defined before their use",
  MultipleInstructionsDisallowed: "Multiple instructions of the same type should not be used in the same stage",
  LegacyKeyValueFormat: "Legacy key/value format with whitespace separator should not be used",
  InvalidBaseImagePlatform: "Base image platform does not match expected target platform",
  RedundantTargetPlatform: "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
  SecretsUsedInArgOrEnv: "Sensitive data should not be used in the ARG or ENV commands",
  InvalidDefaultArgInFrom: "Default value for global ARG results in an empty or invalid base image name",
  FromPlatformFlagConstDisallowed: "FROM --platform flag should not use a constant value",
  CopyIgnoredFile: "Attempting to Copy file that is excluded by .dockerignore",
  InvalidDefinitionDescription:
    "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.",
  ExposeProtoCasing: "Protocol in EXPOSE instruction should be lowercase",
  ExposeInvalidFormat:
    "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release",
} as const;

export type Rule = keyof typeof DESCRIPTIONS;

const EXPERIMENTAL: ReadonlySet<Rule> = new Set<Rule>(["InvalidDefinitionDescription"]);
const DOCUMENTATION = "https://docs.docker.com/go/dockerfile/rule/";
/** It has no page of its own. */
const UNDOCUMENTED: ReadonlySet<Rule> = new Set<Rule>(["InvalidBaseImagePlatform"]);
/** A file that breaks a rule on each of its lines says no more by the thousandth. */
const MOST_WARNINGS = 1000;

/** Where an instruction stands, and the comments above it: `# check=skip=…` counts there too. */
export interface Place {
  readonly range: SourceRange;
  readonly comments: readonly string[];
}

/** Collects what the file does that it should not, but for the rules that it asks to skip. */
export class Warnings {
  readonly #check: CheckDirective;
  readonly #found = new Map<string, BuildWarning>();

  constructor(check: CheckDirective) {
    this.#check = check;
  }

  get all(): readonly BuildWarning[] {
    return [...this.#found.values()];
  }

  /** The rules whose breaking fails the build, as `# check=error=true` asks for. */
  get fatal(): readonly string[] {
    return this.#check.error ? [...new Set(this.all.map((warning) => warning.rule))] : [];
  }

  add(rule: Rule, place: Place, detail: string): void {
    const check = place.comments.length === 0 ? this.#check : mergedCheck(this.#check, place.comments);
    if (!isOn(rule, check) || this.#found.size >= MOST_WARNINGS) return;
    const { range } = place;
    const description = DESCRIPTIONS[rule];
    this.#found.set(JSON.stringify([rule, detail, range]), { rule, description, url: pageOf(rule), detail, range });
  }
}

function isOn(rule: Rule, check: CheckDirective): boolean {
  const name = rule.toLowerCase();
  if (EXPERIMENTAL.has(rule)) return check.experimentalAll || check.experimental.has(name);
  return !check.skipAll && !check.skip.has(name);
}

/** `StageNameCasing` is on the page `stage-name-casing`. */
function pageOf(rule: Rule): string | undefined {
  if (UNDOCUMENTED.has(rule)) return undefined;
  const page = rule.replace(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, "-").toLowerCase();
  return `${DOCUMENTATION}${page}/`;
}

/** A comment that describes what stands below it, unless it is a directive. */
export function isDescription(comment: string): boolean {
  return directiveOf(`#${comment}`) === undefined;
}
