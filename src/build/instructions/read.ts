import { Refusal } from "../parser/fault.ts";
import type { DockerfileNode } from "../parser/node.ts";
import { readFlags } from "./flags.ts";
import { readHealthcheck } from "./healthcheck.ts";
import type { ArgInstruction, FromInstruction, Instruction, OnbuildInstruction } from "./instruction.ts";
import { keyValues } from "./key-values.ts";
import { quotedWords } from "./quoted-words.ts";
import { commandOf, listOf, plainWords, written, type Reading } from "./reading.ts";
import { readRun } from "./run.ts";
import { didYouMean } from "./suggest.ts";
import { readAdd, readCopy } from "./transfer.ts";

type Reader = (reading: Reading) => Instruction;

const READERS: Readonly<Record<string, Reader>> = {
  add: readAdd,
  arg: readArg,
  cmd: ({ node }) => ({ kind: "cmd", ...written(node), command: commandOf(node) }),
  copy: readCopy,
  entrypoint: ({ node }) => ({ kind: "entrypoint", ...written(node), command: commandOf(node) }),
  env: ({ node, escape }) => ({ kind: "env", ...written(node), pairs: keyValues(node.rest, "ENV", escape) }),
  expose: ({ node }) => ({ kind: "expose", ...written(node), ports: atLeastOne("EXPOSE", plainWords(node.rest)).toSorted() }),
  from: readFrom,
  healthcheck: readHealthcheck,
  label: ({ node, escape }) => ({ kind: "label", ...written(node), pairs: keyValues(node.rest, "LABEL", escape) }),
  maintainer: ({ node }) => ({ kind: "maintainer", ...written(node), name: single(node) }),
  onbuild: readOnbuild,
  run: readRun,
  shell: readShell,
  stopsignal: ({ node }) => ({ kind: "stopsignal", ...written(node), signal: single(node) }),
  user: ({ node }) => ({ kind: "user", ...written(node), user: single(node) }),
  volume: readVolume,
  workdir: ({ node }) => ({ kind: "workdir", ...written(node), path: single(node) }),
};
const WITH_FLAGS: ReadonlySet<string> = new Set(["add", "copy", "from", "healthcheck", "run"]);
const NAMES = Object.keys(READERS).map((name) => name.toUpperCase());

/** Understands one instruction by itself. @throws Refusal */
export function readInstruction(reading: Reading): Instruction {
  const { keyword, flags } = reading.node;
  const name = keyword.toLowerCase();
  const reader = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
  if (reader === undefined) {
    throw new Refusal(`unknown instruction: ${keyword.slice(0, 100)}${didYouMean(keyword, NAMES, { ignoreCase: true })}`);
  }
  if (!WITH_FLAGS.has(name)) readFlags(flags, {});
  return reader(reading);
}

function single(node: DockerfileNode): string {
  if (node.rest === "") throw new Refusal(`${node.keyword.toUpperCase()} requires exactly one argument`);
  return node.rest;
}

function atLeastOne<T>(instruction: string, list: readonly T[]): readonly T[] {
  if (list.length === 0) throw new Refusal(`${instruction} requires at least one argument`);
  return list;
}

function readArg({ node, escape }: Reading): ArgInstruction {
  const args = atLeastOne("ARG", quotedWords(node.rest, escape)).map((word) => {
    const equals = word.indexOf("=");
    if (equals === 0) throw new Refusal("ARG names can not be blank");
    return equals < 0 ? { name: word, value: undefined } : { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
  return { kind: "arg", ...written(node), args };
}

function readFrom({ node }: Reading): FromInstruction {
  const [image, asKeyword, name, ...others] = plainWords(node.rest);
  const isNamed = name !== undefined && others.length === 0 && asKeyword?.toLowerCase() === "as";
  if (image === undefined || (asKeyword !== undefined && !isNamed)) throw new Refusal("FROM requires either one or three arguments");
  if (name !== undefined && !/^[a-z][a-z0-9-_.]*$/.test(name.toLowerCase())) {
    throw new Refusal(`invalid name for build stage: ${JSON.stringify(name)}, name can't start with a number or contain symbols`);
  }
  const platform = readFlags(node.flags, { platform: "text" }).text("platform");
  return { kind: "from", ...written(node), image, platform: platform || undefined, name, asKeyword };
}

function readOnbuild({ node }: Reading): OnbuildInstruction {
  const [trigger = ""] = atLeastOne("ONBUILD", plainWords(node.rest));
  const name = trigger.toUpperCase();
  if (name === "ONBUILD") throw new Refusal("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (name === "MAINTAINER" || name === "FROM") throw new Refusal(`${name} isn't allowed as an ONBUILD trigger`);
  const heredocs = node.heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`).join("");
  const text = node.original.replace(/^\s*ONBUILD\s*/i, "") + heredocs;
  return { kind: "onbuild", ...written(node), trigger: text };
}

function readShell({ node }: Reading): Instruction {
  const command = commandOf(node);
  if (command.form === "shell" && command.text !== "") throw new Refusal(`SHELL requires the arguments to be in JSON form`);
  const words = atLeastOne("SHELL", command.form === "exec" ? command.words : []);
  return { kind: "shell", ...written(node), words };
}

function readVolume({ node }: Reading): Instruction {
  const paths = atLeastOne("VOLUME", listOf(node.rest)).map((path) => path.trim());
  if (paths.includes("")) throw new Refusal("VOLUME specified can not be an empty string");
  return { kind: "volume", ...written(node), paths };
}
