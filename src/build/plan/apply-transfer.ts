import path from "node:path/posix";
import { ignoreMatcher } from "#spec/build/ignore-file.ts";
import { isDigest, type Digest } from "#spec/digest.ts";
import type { AddInstruction, CopyInstruction } from "../instructions/instruction.ts";
import { Refusal } from "../parser/fault.ts";
import { heredocText } from "../parser/heredoc.ts";
import type { TreeOf } from "./apply-run.ts";
import { gitSource, isCommit, isHttpSource, type GitSource } from "./git-source.ts";
import type { Chmod, CopySource, StepRef } from "./plan.ts";
import type { StageDraft } from "./stage-draft.ts";
import { withoutCredentials } from "../remote/redact.ts";

type Transfer = AddInstruction | CopyInstruction;

/** COPY and ADD: their sources become steps where they are downloads, the copy itself is one on top of the stage's tree. */
export function applyTransfer(draft: StageDraft, instruction: Transfer, treeOf: TreeOf): void {
  const sources = draft.expandAll(instruction.sources, instruction);
  const written = draft.expand(instruction.destination, instruction);
  const chown = instruction.chown === undefined ? undefined : draft.expand(instruction.chown, instruction) || undefined;
  const mode = instruction.chmod === undefined ? undefined : draft.expand(instruction.chmod, instruction) || undefined;
  if ([...sources, written].some((text) => text.includes("\0"))) throw new Refusal("a path cannot hold a NUL character");
  const title = draft.title(draft.shown(instruction.original.replace(/^\S+/, (word) => word.toUpperCase())));
  const checksum = checksumOf(draft, instruction, sources);
  const all = [
    ...sources.map((source) => sourceOf(draft, instruction, source, { checksum, title, treeOf })),
    ...inlineFiles(draft, instruction),
  ];
  draft.grow(
    {
      kind: "copy",
      root: draft.root,
      sources: all,
      destination: path.resolve("/", draft.workdir, written),
      destinationIsFolder: all.length > 1 || /(?:^|\/)\.?$/.test(written),
      chown,
      chmod: mode === undefined ? undefined : chmodOf(mode),
      link: instruction.link,
      parents: instruction.kind === "copy" && instruction.parents,
      exclude: instruction.exclude,
    },
    instruction,
    title,
  );
  draft.note(`${historyText(instruction, { sources, chown, mode, written })} # buildkit`, draft.root);
}

interface Told {
  readonly sources: readonly string[];
  readonly chown: string | undefined;
  readonly mode: string | undefined;
  readonly written: string;
}

function historyText(instruction: Transfer, { sources, chown, mode, written }: Told): string {
  return [
    instruction.kind.toUpperCase(),
    ...(instruction.kind === "copy" && instruction.parents ? ["--parents"] : []),
    ...(chown === undefined ? [] : [`--chown=${chown}`]),
    ...(mode === undefined ? [] : [`--chmod=${mode}`]),
    ...sources.map(withoutCredentials),
    ...instruction.files.map((file) => `<<${file.name}`),
    written,
  ].join(" ");
}

function checksumOf(draft: StageDraft, instruction: Transfer, sources: readonly string[]): string | undefined {
  if (instruction.kind !== "add" || instruction.checksum === undefined) return undefined;
  const [source = "", ...others] = sources;
  if (others.length > 0 || sources.length === 0) throw new Refusal("checksum can't be specified for multiple sources");
  if (!isHttpSource(source) && gitSource(source) === undefined) throw new Refusal("checksum requires HTTP(S) or Git sources");
  return draft.expand(instruction.checksum, instruction) || undefined;
}

interface Reading {
  readonly checksum: string | undefined;
  readonly title: string;
  readonly treeOf: TreeOf;
}

function sourceOf(draft: StageDraft, instruction: Transfer, source: string, { checksum, title, treeOf }: Reading): CopySource {
  const git = gitSource(source);
  if (git !== undefined) return { kind: "files", from: gitStep(draft, instruction, git, checksum, title), path: ".", unpack: false };
  if (isHttpSource(source)) return httpFile(draft, instruction, source, checksum, title);
  const isContext = instruction.kind === "add" || instruction.from === undefined;
  if (isContext) warnOfIgnored(draft, instruction, source);
  const from = treeOf(instruction.kind === "copy" ? instruction.from : undefined, (name) => {
    const current = JSON.stringify(draft.stage.name ?? `stage-${draft.stage.index}`);
    return `cannot copy from stage ${JSON.stringify(name)}, it needs to be defined before current stage ${current}`;
  });
  const unpack = instruction.kind === "add" && (instruction.unpack ?? true);
  const hasPivot = instruction.kind === "copy" && instruction.parents;
  return { kind: "files", from, path: hasPivot ? pivotPath(source) : relativePath(source), unpack };
}

/** Below the tree's top, where `..` leads no further up. */
function relativePath(source: string): string {
  return path.join("/", source).replace(/\/+$/, "").slice(1) || ".";
}

/** With --parents: what stands before `/./` is not made at the destination. */
function pivotPath(source: string): string {
  const at = source.indexOf("/./");
  if (at < 0) return relativePath(source);
  return `${relativePath(source.slice(0, at))}/./${relativePath(source.slice(at + 3))}`;
}

function gitStep(draft: StageDraft, instruction: Transfer, git: GitSource, given: string | undefined, title: string): StepRef {
  if (instruction.kind === "copy") throw new Refusal("source can't be a git ref for COPY");
  const { keepGitDir: asked, checksum: own, ...source } = git;
  if (asked !== undefined && instruction.keepGitDir !== undefined && asked !== instruction.keepGitDir) {
    throw new Refusal("inconsistent keep-git-dir configuration");
  }
  if (own !== undefined && given !== undefined && own !== given) throw new Refusal(`checksum mismatch ${own} != ${given}`);
  const checksum = own ?? given;
  if (checksum !== undefined && !isCommit(checksum)) throw new Refusal(`invalid git checksum ${JSON.stringify(checksum)}`);
  const keepGitDir = asked ?? instruction.keepGitDir ?? false;
  return draft.steps.add({ kind: "git", ...source, checksum, keepGitDir }, instruction.range, title);
}

function httpFile(draft: StageDraft, instruction: Transfer, url: string, checksum: string | undefined, title: string): CopySource {
  if (instruction.kind === "copy") throw new Refusal("source can't be a URL for COPY");
  const fileName = fileNameOf(url);
  const from = draft.steps.add({ kind: "http", url, fileName, checksum: digestOf(checksum) }, instruction.range, title);
  return { kind: "files", from, path: fileName, unpack: instruction.unpack ?? false };
}

function digestOf(checksum: string | undefined): Digest | undefined {
  if (checksum === undefined || isDigest(checksum)) return checksum;
  throw new Refusal(
    checksum.startsWith("sha256:") ? "invalid checksum digest length" : `unsupported digest algorithm of ${checksum.slice(0, 100)}`,
  );
}

function fileNameOf(url: string): string {
  const address = URL.parse(url);
  if (address === null) throw new Refusal(`invalid URL ${JSON.stringify(url.slice(0, 200))}`);
  const last = path.basename(decoded(address.pathname));
  return last === "" || last === "." || last === ".." || /[\0/]/.test(last) ? "__unnamed__" : last;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Here-documents among the sources: in them variables count, unless part of the name was quoted, and quotes are just characters. */
function inlineFiles(draft: StageDraft, instruction: Transfer): readonly CopySource[] {
  return instruction.files.map((file) => {
    if (file.name.includes("/") || file.name.includes("\0") || file.name === "." || file.name === "..") {
      throw new Refusal(`invalid file name ${JSON.stringify(file.name)} of a here-document`);
    }
    const text = heredocText(file);
    const content = file.expand ? draft.expand(text, instruction, { escape: "\\", ignoreQuotes: true }) : text;
    return { kind: "inline", name: file.name, content };
  });
}

/** `0755`, or the words of chmod(1). */
function chmodOf(text: string): Chmod {
  if (/^[0-7]{1,4}$/.test(text)) return { form: "octal", mode: Number.parseInt(text, 8) };
  if (/^[ugoa]*[-+=]?[0-9]/.test(text)) {
    throw new Refusal(`invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`);
  }
  const clause = /^[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+$/;
  if (!text.split(",").every((part) => clause.test(part))) throw new Refusal(`invalid chmod parameter: '${text}'`);
  return { form: "symbolic", text };
}

function warnOfIgnored(draft: StageDraft, instruction: Transfer, source: string): void {
  const { ignorePatterns } = draft.context.options;
  if (ignorePatterns.length === 0 || ignorePatterns.some((pattern) => pattern.startsWith("!"))) return;
  const cleaned = relativePath(source);
  const isTop = cleaned === ".";
  const isIgnored = isTop
    ? ignorePatterns.some((pattern) => ["*", "**", "**/*"].includes(pattern))
    : ignoreMatcher(ignorePatterns)(cleaned);
  if (!isIgnored) return;
  const verb = instruction.kind === "add" ? "Add" : "Copy";
  const detail = `Attempting to ${verb} file ${JSON.stringify(cleaned)} that is excluded by .dockerignore`;
  draft.context.warnings.add("CopyIgnoredFile", instruction, detail);
}
