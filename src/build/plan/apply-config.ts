import path from "node:path/posix";
import { parseSignal } from "#spec/signals.ts";
import { messageOf } from "#errors/engine-error.ts";
import type {
  ArgInstruction,
  CmdInstruction,
  Command,
  EntrypointInstruction,
  EnvInstruction,
  ExposeInstruction,
  HealthcheckInstruction,
  KeyValue,
  LabelInstruction,
  StageInstruction,
  VolumeInstruction,
  WorkdirInstruction,
} from "../instructions/instruction.ts";
import { Refusal } from "../parser/fault.ts";
import { durationText, pairsText, plainList, quotedList } from "./history.ts";
import { warnOfDescription } from "./lint-from.ts";
import { exposedPorts } from "./ports-exposed.ts";
import { buildArg } from "./scope.ts";
import type { StageDraft } from "./stage-draft.ts";

/** In a line of history: `65535/sctp `. */
const LONGEST_PORT = 11;
/** Arguments that steer a scan and are no variables of the build. */
const NO_VARIABLES: ReadonlySet<string> = new Set(["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"]);
const SECRET = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const NO_SECRET = /(?:_|^)(?:public|file|version)(?:_|$)/i;

/** ARG: a value from `--build-arg`, else its default, else what the global scope says. */
export function applyArg(draft: StageDraft, instruction: ArgInstruction): void {
  const { globalArgs, options, warnings } = draft.context;
  warnOfDescription(
    "ARG",
    instruction.args.map((arg) => arg.name),
    instruction,
    warnings,
  );
  const told = instruction.args.map(({ name, value }) => {
    warnOfSecret("ARG", name, draft, instruction);
    const own = (): string | undefined => (value === undefined ? globalArgs.get(name) : draft.expand(value, instruction));
    const held = buildArg(options, name) ?? own();
    if (held !== undefined && !NO_VARIABLES.has(name)) draft.setVariable(name, held);
    draft.args.set(name, held);
    return held === undefined ? name : `${name}=${held}`;
  });
  draft.note(`ARG ${told.join(" ")}`);
}

export function applyEnv(draft: StageDraft, instruction: EnvInstruction): void {
  const pairs = expandedPairs(draft, instruction);
  for (const { key, value } of pairs) {
    warnOfSecret("ENV", key, draft, instruction);
    if (key === "" || key.includes("\0") || value.includes("\0")) throw new Refusal(`invalid variable name ${JSON.stringify(key)}`);
    draft.setEnv(key, value);
  }
  draft.note(`ENV${pairsText(pairs)}`);
}

export function applyLabel(draft: StageDraft, instruction: LabelInstruction): void {
  const pairs = expandedPairs(draft, instruction);
  draft.put(
    "Labels",
    pairs.map(({ key, value }) => [key, value] as const),
  );
  draft.note(`LABEL${pairsText(pairs)}`);
}

function expandedPairs(draft: StageDraft, instruction: EnvInstruction | LabelInstruction): readonly KeyValue[] {
  const name = instruction.keyword;
  if (instruction.pairs.some((pair) => pair.isLegacy)) {
    const detail = `"${name} key=value" should be used instead of legacy "${name} key value" format`;
    draft.context.warnings.add("LegacyKeyValueFormat", instruction, detail);
  }
  // All of a line's words are expanded with what held before it: `ENV a=1 b=$a` does not see its own `a`.
  return instruction.pairs.map((pair) => ({
    ...pair,
    key: draft.expand(pair.key, instruction),
    value: draft.expand(pair.value, instruction),
  }));
}

function warnOfSecret(kind: string, name: string, draft: StageDraft, instruction: StageInstruction): void {
  if (!SECRET.test(name) || NO_SECRET.test(name)) return;
  const detail = `Do not use ARG or ENV instructions for sensitive data (${kind} ${JSON.stringify(name)})`;
  draft.context.warnings.add("SecretsUsedInArgOrEnv", instruction, detail);
}

export function applyCmd(draft: StageDraft, instruction: CmdInstruction): void {
  warnOfSecond(draft, instruction);
  const words = argvOf(draft, instruction.command, instruction);
  draft.config.Cmd = words;
  draft.config.ArgsEscaped = true;
  draft.note(`CMD ${quotedList(words)}`);
}

/** An ENTRYPOINT makes the base's CMD void, but not one that this stage has set. */
export function applyEntrypoint(draft: StageDraft, instruction: EntrypointInstruction): void {
  warnOfSecond(draft, instruction);
  const words = argvOf(draft, instruction.command, instruction);
  if (words.length === 0) delete draft.config.Entrypoint;
  else draft.config.Entrypoint = words;
  if (!draft.once.has("cmd")) delete draft.config.Cmd;
  draft.note(`ENTRYPOINT ${quotedList(words)}`);
}

function argvOf(draft: StageDraft, command: Command, instruction: StageInstruction): readonly string[] {
  if (command.form === "exec") return command.words;
  if ((draft.config.Shell ?? []).length === 0) {
    const detail = `JSON arguments recommended for ${instruction.keyword} to prevent unintended behavior related to OS signals`;
    draft.context.warnings.add("JSONArgsRecommended", instruction, detail);
  }
  return shellWords(draft, command.text);
}

/** A text for the stage's SHELL. */
export function shellWords(draft: StageDraft, text: string): readonly string[] {
  const shell = draft.config.Shell ?? [];
  return [...(shell.length > 0 ? shell : ["/bin/sh", "-c"]), text];
}

function warnOfSecond(draft: StageDraft, instruction: StageInstruction): void {
  const first = draft.once.get(instruction.kind);
  if (first !== undefined) {
    const detail = `Multiple ${instruction.keyword} instructions should not be used in the same stage because only the last one will be used`;
    draft.context.warnings.add("MultipleInstructionsDisallowed", first, detail);
  }
  draft.once.set(instruction.kind, instruction);
}

export function applyHealthcheck(draft: StageDraft, instruction: HealthcheckInstruction): void {
  warnOfSecond(draft, instruction);
  const test = testOf(instruction.test);
  const { interval, timeout, startPeriod, startInterval, retries } = instruction;
  draft.config.Healthcheck = {
    Test: test,
    ...(interval === undefined ? {} : { Interval: interval }),
    ...(timeout === undefined ? {} : { Timeout: timeout }),
    ...(startPeriod === undefined ? {} : { StartPeriod: startPeriod }),
    ...(startInterval === undefined ? {} : { StartInterval: startInterval }),
    ...(retries === undefined ? {} : { Retries: retries }),
  };
  const times = [
    ["Interval", interval],
    ["Timeout", timeout],
    ["StartPeriod", startPeriod],
    ["StartInterval", startInterval],
  ] as const;
  const told = times.map(([name, value]) => `${name}:${durationText(value ?? 0)}`).join(" ");
  draft.note(`HEALTHCHECK {Test:${plainList(test)} ${told} Retries:${retries ?? 0}}`);
}

function testOf(test: HealthcheckInstruction["test"]): string[] {
  if (test.form === "none") return ["NONE"];
  return test.form === "exec" ? ["CMD", ...test.words] : ["CMD-SHELL", test.text];
}

export function applyExpose(draft: StageDraft, instruction: ExposeInstruction): void {
  const words = instruction.ports.flatMap((port) => draft.expandApart(port));
  const ports = exposedPorts(words, draft.context.warnings, instruction);
  draft.context.budget.characters -= ports.length * LONGEST_PORT;
  if (draft.context.budget.characters < 0) throw new Refusal("the file exposes too many ports");
  draft.put(
    "ExposedPorts",
    ports.map((port) => [port, {}] as const),
  );
  draft.note(`EXPOSE ${plainList(ports)}`);
}

export function applyVolume(draft: StageDraft, instruction: VolumeInstruction): void {
  const paths = draft.expandAll(instruction.paths, instruction);
  if (paths.includes("")) throw new Refusal("VOLUME specified can not be an empty string");
  draft.put(
    "Volumes",
    paths.map((volume) => [volume, {}] as const),
  );
  draft.note(`VOLUME ${plainList(paths)}`);
}

export function applyUser(draft: StageDraft, user: string): void {
  draft.config.User = user;
  draft.note(`USER ${user}`);
}

export function applyStopsignal(draft: StageDraft, signal: string): void {
  try {
    parseSignal(signal);
  } catch (error) {
    throw new Refusal(messageOf(error));
  }
  draft.config.StopSignal = signal;
  draft.note(`STOPSIGNAL ${signal}`);
}

/** WORKDIR makes the folder, as the stage's user; `/` is there already. */
export function applyWorkdir(draft: StageDraft, instruction: WorkdirInstruction): void {
  const written = draft.expand(instruction.path, instruction);
  if (written.includes("\0")) throw new Refusal("a path cannot hold a NUL character");
  if (!draft.hasWorkdir && !written.startsWith("/")) {
    const detail = `Relative workdir ${JSON.stringify(written)} can have unexpected results if the base image changes`;
    draft.context.warnings.add("WorkdirRelativePath", instruction, detail);
  }
  draft.hasWorkdir = true;
  const folder = path.resolve("/", draft.workdir, written);
  draft.config.WorkingDir = folder;
  if (folder === "/") return draft.note(`WORKDIR ${folder}`);
  const user = draft.config.User || undefined;
  draft.grow({ kind: "workdir", root: draft.root, path: folder, user }, instruction, draft.title(draft.shown(instruction.original)));
  draft.note(`WORKDIR ${folder}`, draft.root);
}
