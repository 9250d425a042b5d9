import { hash } from "node:crypto";
import type { CopyOperation, RunOperation, WorkdirOperation } from "../plan/plan.ts";

/**
 * Everything that decided what a step made, each input by a name of its own with a few digits of what it was: enough to say which of them is
 * another today, and nothing that gives a value away. Names begin with their kind: `file src/a.txt`, `variable VERSION`, `setting user`.
 */
export type StepInputs = ReadonlyMap<string, string>;

const DIGITS = 12;

export function workdirInputs(operation: WorkdirOperation, base: string): StepInputs {
  return new Map([["base", base], ...settings({ path: operation.path, user: operation.user })]);
}

/** @param sources what each source is known by; of files, each file with digits of what it is, a line each. */
export function copyInputs(operation: CopyOperation, sources: readonly CopiedSource[], base: string): StepInputs {
  const { destination, chown, chmod, parents, link, exclude } = operation;
  const files = sources.flatMap(({ listing, digest }, index) =>
    listing === undefined ? [[`source ${index + 1}`, digitsOf(digest)] as const] : filesOf(listing),
  );
  return new Map([["base", base], ...settings({ destination, chown, chmod, parents, link, exclude }), ...files]);
}

export interface CopiedSource {
  readonly digest: string;
  readonly listing: string | undefined;
}

function filesOf(listing: string): (readonly [string, string])[] {
  return listing
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const space = line.indexOf(" ");
      return [`file ${line.slice(space + 1)}`, line.slice(0, space)];
    });
}

/** @param binds as for the step's key. @param outside as for the step's key. */
export function runInputs(operation: RunOperation, binds: readonly string[], outside: unknown, base: string): StepInputs {
  const { argv, env, cwd, user, network, security, devices, scripts, mounts } = operation;
  const variables = env.map((entry) => [`variable ${entry.split("=", 1)[0] ?? ""}`, digitsOf(entry)] as const);
  const mounted = mounts.map((mount, index) => {
    const shown = "target" in mount && mount.target !== undefined ? mount.target : `${mount.type} ${index + 1}`;
    return [`mount ${shown}`, digitsOf([{ ...mount, from: undefined }, binds[index] ?? ""])] as const;
  });
  const set = settings({ command: argv, directory: cwd, user, network, security, devices, script: scripts, hosts: outside });
  return new Map([["base", base], ...set, ...variables, ...mounted]);
}

function settings(values: Readonly<Record<string, unknown>>): (readonly [string, string])[] {
  return Object.entries(values).map(([name, value]) => [`setting ${name}`, digitsOf(value ?? null)]);
}

function digitsOf(value: unknown): string {
  return hash("sha256", JSON.stringify(value), "hex").slice(0, DIGITS);
}

/** A line for each. */
export function encodeInputs(inputs: StepInputs): string {
  return [...inputs].map(([name, digits]) => `${digits} ${name.replaceAll("\n", " ")}\n`).join("");
}

export function decodeInputs(text: string): StepInputs {
  const lines = text.split("\n").filter(Boolean);
  return new Map(
    lines.map((line) => {
      const space = line.indexOf(" ");
      return [line.slice(space + 1), line.slice(0, space)];
    }),
  );
}
