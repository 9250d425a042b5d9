import path from "node:path/posix";
import type { RunInstruction, RunMount } from "../instructions/instruction.ts";
import { readMount } from "../instructions/mount.ts";
import { Refusal } from "../parser/fault.ts";
import { heredocStart, heredocText } from "../parser/heredoc.ts";
import { shellWords } from "./apply-config.ts";
import type { PlannedMount, RunOperation, StepRef } from "./plan.ts";
import { proxyEnv } from "./scope.ts";
import type { StageDraft } from "./stage-draft.ts";

/** Where scripts of here-documents lie while they run. */
const SCRIPTS = "/dev/pipes";
/** Finds the tree that a mount or a copy reads. @throws Refusal where it is a stage further down. */
export type TreeOf = (from: string | undefined, what: (name: string) => string) => StepRef;

export function applyRun(draft: StageDraft, instruction: RunInstruction, treeOf: TreeOf): void {
  const mounts = instruction.mounts.map((words) => {
    // Quotes in a mount are csv's, and were read; here they are characters.
    const mount = readMount(words, (word) => draft.expand(word, instruction));
    return planMount(draft, mount, treeOf);
  });
  const { argv, scripts } = program(draft, instruction);
  const { options } = draft.context;
  const operation: RunOperation = {
    kind: "run",
    root: draft.root,
    argv,
    env: [...draft.env].map(([name, value]) => `${name}=${value}`),
    unkeyedEnv: proxyEnv(options).filter((entry) => !draft.env.has(entry.split("=", 1)[0] ?? "")),
    cwd: draft.workdir,
    user: draft.config.User ?? "",
    mounts,
    network: instruction.network === "default" ? options.network : instruction.network,
    security: instruction.security,
    devices: instruction.devices,
    scripts,
  };
  const secrets = new Set(mounts.flatMap((mount) => (mount.type === "secret" ? (mount.env ?? []) : [])));
  draft.grow(operation, instruction, draft.title(titleOf(draft, instruction, secrets)));
  draft.note(`RUN ${[...argumentsText(draft), ...argv].join(" ")} # buildkit`, draft.root);
}

/** Build arguments stand in the history, as they always did: `|1 VERSION=3`. Which is why they are no place for secrets. */
function argumentsText(draft: StageDraft): readonly string[] {
  const told = [...draft.args].map(([name, value]) => `${name}=${draft.env.get(name) ?? value ?? ""}`);
  return told.length === 0 ? [] : [`|${told.length}`, ...told];
}

function titleOf(draft: StageDraft, { original, heredocs }: RunInstruction, secrets: ReadonlySet<string>): string {
  const [first = "", ...rest] = (heredocs[0]?.content ?? "").trim().split(/\r?\n/);
  const summary = heredocs.length === 0 ? "" : ` (${first}${rest.length > 0 ? "..." : ""})`;
  return draft.shown(original.replace(/^\S+/, (word) => word.toUpperCase()) + summary, secrets);
}

interface Program {
  readonly argv: readonly string[];
  readonly scripts: RunOperation["scripts"];
}

/**
 * A here-document that is all of RUN is the script itself: a file of its own where it begins with `#!`, else the shell's text. Any other
 * is the shell's to read, and is put together again for it.
 */
function program(draft: StageDraft, { command, heredocs }: RunInstruction): Program {
  if (command.form === "exec") return { argv: command.words, scripts: [] };
  const [first] = heredocs;
  if (first === undefined) return { argv: shellWords(draft, command.text), scripts: [] };
  if (heredocStart(command.text) === undefined) {
    const documents = heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`).join("");
    return { argv: shellWords(draft, command.text + documents), scripts: [] };
  }
  const content = heredocText(first);
  if (!content.startsWith("#!")) return { argv: shellWords(draft, content), scripts: [] };
  if (first.name.includes("/") || first.name === "." || first.name === "..") {
    throw new Refusal(`a script cannot be named ${JSON.stringify(first.name)}`);
  }
  const script = `${SCRIPTS}/${first.name}`;
  return { argv: [script], scripts: [{ path: script, content }] };
}

function planMount(draft: StageDraft, mount: RunMount, treeOf: TreeOf): PlannedMount {
  const from = (stage: string | undefined): StepRef => {
    const target = JSON.stringify(mount.target ?? "");
    return treeOf(
      stage,
      (name) => `cannot mount from stage ${JSON.stringify(name)} to ${target}, stage needs to be defined before current command`,
    );
  };
  switch (mount.type) {
    case "bind":
      return { ...mount, target: targetOf(draft, mount.target), from: from(mount.from), source: sourceOf(mount.source) };
    case "cache":
      return {
        ...mount,
        target: targetOf(draft, mount.target),
        id: mount.id ?? path.normalize(mount.target || "."),
        from: mount.from === undefined ? undefined : from(mount.from),
        source: sourceOf(mount.source),
        ...owner(mount, 0o755),
      };
    case "tmpfs":
      return { ...mount, target: targetOf(draft, mount.target) };
    case "secret":
      return { ...mount, target: secretTarget(draft, mount), ...owner(mount, 0o400) };
    case "ssh":
      return { ...mount, target: mount.target === undefined ? sshTarget(mount.id) : targetOf(draft, mount.target), ...owner(mount, 0o600) };
  }
}

function targetOf(draft: StageDraft, target: string): string {
  const absolute = path.resolve("/", draft.workdir, target);
  if (absolute === "/" || absolute.includes("\0")) throw new Refusal(`invalid mount target ${JSON.stringify(absolute)}`);
  return absolute;
}

/** Within the tree it comes from: `..` at its top leads nowhere. */
function sourceOf(source: string | undefined): string {
  return path.join("/", source ?? "");
}

function secretTarget(draft: StageDraft, { target, env, id }: Extract<RunMount, { type: "secret" }>): string | undefined {
  if (target !== undefined) return targetOf(draft, target);
  return env === undefined ? `/run/secrets/${path.basename(id)}` : undefined;
}

/** One for each agent: several may be mounted. */
function sshTarget(id: string): string {
  return `/run/buildkit/ssh_agent.${id === "default" ? "0" : path.basename(id)}`;
}

type Owner = { readonly uid: number; readonly gid: number; readonly mode: number };

function owner({ uid, gid, mode }: { [K in keyof Owner]: number | undefined }, usual: number): Owner {
  return { uid: uid ?? 0, gid: gid ?? 0, mode: mode ?? usual };
}
