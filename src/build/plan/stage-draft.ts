import type { ImageRunConfig } from "#spec/oci-image/types.ts";
import type { Platform } from "#spec/platform.ts";
import type { StageInstruction } from "../instructions/instruction.ts";
import { didYouMean } from "../instructions/suggest.ts";
import { Refusal } from "../parser/fault.ts";
import { expandWord, expandWords } from "../words/expand.ts";
import type { WordOptions } from "../words/word-reader.ts";
import { HISTORY_COMMENT } from "./history.ts";
import type { BaseImage, HistoryLine, Operation, PlannedLine, StepRef } from "./plan.ts";
import type { ResolvedStage } from "./resolve-stages.ts";
import type { StageContext } from "./stage-context.ts";
import type { StepTable } from "./step-table.ts";
import { withoutCredentials } from "../remote/redact.ts";

export type MutableConfig = { -readonly [K in keyof ImageRunConfig]: ImageRunConfig[K] };

/** Set in every image that does not set it itself; RUN finds no program without it. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const KINDS_WITH_STEPS: ReadonlySet<string> = new Set(["add", "copy", "run", "workdir"]);
/** As many as a kernel's overlay can stack. */
const MOST_LAYERS = 500;
const LARGEST_ENV = 1024 * 1024;
const MOST_VARIABLES = 10_000;

/** What a stage begins with: an image, nothing, or what another stage came to. */
export interface Foundation {
  readonly root: StepRef;
  readonly base: BaseImage | undefined;
  readonly platform: Platform;
  readonly config: ImageRunConfig;
  readonly author: string | undefined;
  readonly env: ReadonlyMap<string, string>;
  readonly args: ReadonlyMap<string, string | undefined>;
  readonly history: readonly HistoryLine[];
  readonly hasWorkdir: boolean;
}

/** A stage while it is planned: what its instructions have come to so far. */
export class StageDraft {
  readonly stage: ResolvedStage;
  readonly context: StageContext;
  readonly steps: StepTable;
  readonly base: BaseImage | undefined;
  readonly platform: Platform;
  readonly config: MutableConfig;
  author: string | undefined;
  /** What words are expanded with, and what RUN sees: the image's variables and the build arguments. */
  readonly env: Map<string, string>;
  /** Build arguments that were declared, with their values. */
  readonly args: Map<string, string | undefined>;
  readonly history: HistoryLine[];
  readonly lines: PlannedLine[] = [];
  /** Instructions of which only the last counts, with their places. */
  readonly once = new Map<string, StageInstruction>();
  root: StepRef;
  hasWorkdir: boolean;
  /** Whether the instruction at hand is a trigger of the base. */
  isTrigger = false;
  /** Until its last instruction has acted: nobody reads a tree that is half made. */
  isOpen = true;
  readonly #titles: (text: string) => string;
  readonly #records = new Map<string, Record<string, unknown>>();
  #imageEnv: ReturnType<typeof namedPlaces> | undefined;
  #envSize = 0;
  #layers: number;

  constructor(stage: ResolvedStage, context: StageContext, steps: StepTable, foundation: Foundation, titles: (text: string) => string) {
    this.stage = stage;
    this.context = context;
    this.steps = steps;
    this.base = foundation.base;
    this.platform = foundation.platform;
    this.config = { ...foundation.config };
    this.author = foundation.author;
    this.env = new Map(foundation.env);
    this.args = new Map(foundation.args);
    this.history = [...foundation.history];
    this.root = foundation.root;
    this.hasWorkdir = foundation.hasWorkdir;
    this.#titles = titles;
    this.#layers = (this.base?.config.rootfs.diff_ids.length ?? 0) + this.history.filter((line) => line.step !== undefined).length;
    for (const [name, value] of this.env) this.#envSize += name.length + value.length + 2;
  }

  get #words(): WordOptions {
    const { escape, budget } = this.context;
    return { escape, budget };
  }

  get workdir(): string {
    return this.config.WorkingDir || "/";
  }

  /** `[builder 2/4] RUN make`: counted in the order of the calls. */
  title(text: string): string {
    return this.#titles(withoutCredentials(this.isTrigger ? `ONBUILD ${text}` : text));
  }

  /** Expands a word with what is set by now. What is not is warned of. @throws WordError */
  expand(word: string, instruction: StageInstruction, options: WordOptions = {}): string {
    const { text, unmatched } = expandWord(word, (name) => this.env.get(name), { ...this.#words, ...options });
    this.#warnOfUnset(unmatched, instruction);
    return text;
  }

  expandAll(words: readonly string[], instruction: StageInstruction): readonly string[] {
    return words.map((word) => this.expand(word, instruction));
  }

  /** The same, and divided at white space. @throws WordError */
  expandApart(word: string): readonly string[] {
    return expandWords(word, (name) => this.env.get(name), this.#words);
  }

  /** What a title shows: variables filled in, quotes kept, and no word refused for its syntax: it is a shell's, not ours. */
  shown(text: string, secrets: ReadonlySet<string> = new Set()): string {
    const lookUp = (name: string): string | undefined => (secrets.has(name) ? "****" : this.env.get(name));
    try {
      return expandWord(text, lookUp, { ...this.#words, keepQuotes: true, keepUnset: true }).text;
    } catch {
      return text;
    }
  }

  #warnOfUnset(unmatched: ReadonlySet<string>, instruction: StageInstruction): void {
    for (const name of unmatched) {
      if (this.args.has(name)) continue;
      const hint = didYouMean(name, this.env.keys(), { sign: "$" });
      this.context.warnings.add("UndefinedVar", instruction, `Usage of undefined variable '$${name}'${hint}`);
    }
  }

  /** Sets a variable of the image. */
  setEnv(key: string, value: string): void {
    const env = (this.#imageEnv ??= namedPlaces(this.config.Env ?? []));
    const place = env.places.get(key) ?? env.list.length;
    env.places.set(key, place);
    env.list[place] = `${key}=${value}`;
    this.config.Env = env.list;
    this.setVariable(key, value);
  }

  /** Sets what words are expanded with and RUN sees. @throws Refusal for more than a process can be given. */
  setVariable(name: string, value: string): void {
    const before = this.env.get(name);
    this.#envSize += value.length - (before?.length ?? -name.length - 2);
    this.env.set(name, value);
    if (this.#envSize <= LARGEST_ENV && this.env.size <= MOST_VARIABLES) return;
    throw new Refusal("the variables are more, or larger, than a process can be given (10000, 1 MiB)");
  }

  /** Adds to a set or a record of the configuration: the one that was inherited is copied once. A name may be `__proto__`, too. */
  put(name: "Labels" | "Volumes" | "ExposedPorts", entries: readonly (readonly [string, unknown])[]): void {
    const own = this.#records.get(name) ?? { ...this.config[name] };
    this.#records.set(name, own);
    for (const [key, value] of entries) Object.defineProperty(own, key, { value, enumerable: true, writable: true, configurable: true });
    Object.assign(this.config, { [name]: own });
  }

  /** Adds a step on top of the stage's tree. */
  grow(operation: Operation, instruction: StageInstruction, title: string): void {
    this.root = this.steps.add(operation, instruction.range, title);
  }

  /** One line of history; with a layer where a step is given. */
  note(createdBy: string, step?: StepRef): void {
    this.history.push({ createdBy, step, comment: HISTORY_COMMENT });
    if (step !== undefined) this.#layers += 1;
  }

  get hasTooManyLayers(): boolean {
    return this.#layers > MOST_LAYERS;
  }
}

/** A list of `NAME=value` of one's own, and where each name stands in it. */
function namedPlaces(env: readonly string[]): { readonly list: string[]; readonly places: Map<string, number> } {
  return { list: [...env], places: new Map(env.map((entry, place) => [entry.split("=", 1)[0] ?? "", place])) };
}

/** Numbers a stage's steps for people: `[builder 2/4] …`; the stage is not named where it is the only one. */
export function numbered(stage: ResolvedStage, stageCount: number): (text: string) => string {
  const hasFrom = stage.base.kind === "image" ? 1 : 0;
  const total = hasFrom + stage.instructions.filter((instruction) => KINDS_WITH_STEPS.has(instruction.kind)).length;
  const label = stageCount === 1 ? "" : `${stage.name ?? `stage-${stage.index}`} `;
  let number = 0;
  return (text) => `[${label}${String(++number).padStart(String(total).length)}/${total}] ${text}`;
}

/** A stage on nothing: an image's configuration as BuildKit begins one. */
export function emptyFoundation(root: StepRef, platform: Platform): Foundation {
  const config = { Env: [`PATH=${DEFAULT_PATH}`], WorkingDir: "/" };
  const env = new Map([["PATH", DEFAULT_PATH]]);
  return { root, platform, config, env, base: undefined, author: undefined, args: new Map(), history: [], hasWorkdir: false };
}

/** A stage on an image. Its triggers were taken; they are not the new image's. */
export function imageFoundation(root: StepRef, image: BaseImage, platform: Platform): Foundation {
  const { OnBuild: _triggers, ...inherited } = image.config.config ?? {};
  const listed = inherited.Env ?? [];
  const hasPath = listed.some((entry) => entry.startsWith("PATH="));
  const list = hasPath ? listed : [...listed, `PATH=${DEFAULT_PATH}`];
  const env = new Map(list.map((entry) => [entry.split("=", 1)[0] ?? "", entry.slice(entry.indexOf("=") + 1 || entry.length)]));
  const { author } = image.config;
  return { root, base: image, platform, config: { ...inherited, Env: list }, author, env, args: new Map(), history: [], hasWorkdir: false };
}

/** A stage on a stage: variables, arguments and history go on. */
export function stageFoundation(draft: StageDraft): Foundation {
  const { OnBuild: _triggers, ...config } = draft.config;
  const { root, base, platform, author, env, args, history, hasWorkdir } = draft;
  return { root, base, platform, config, author, env, args, history, hasWorkdir };
}
