import { createHash } from "node:crypto";
import type { CopyOperation, RunOperation, StepRef, WorkdirOperation } from "../plan/plan.ts";

/**
 * Names of what steps make, by content: of the tree that they stand on, of what they read, of all that the Dockerfile decides about them.
 * Whatever can change the result is in it, each value in a place of its own, and nothing else: no time, no name of a stage, no secret.
 */
export interface KeyParts {
  /** What a tree is known by: `identityOf`. */
  readonly identity: (ref: StepRef) => string;
  /** Raised when a step of the same words would make something else. */
  readonly epoch: number | undefined;
}

/** Bump it when the executor makes other layers of the same words. */
const GENERATION = 1;

export function workdirKey(operation: WorkdirOperation, { identity, epoch }: KeyParts): string {
  const { root, path, user } = operation;
  return hashed(["workdir", identity(root), path, user ?? null, epoch ?? null]);
}

/** @param sources what each of the sources is known by. */
export function copyKey(operation: CopyOperation, sources: readonly string[], { identity, epoch }: KeyParts): string {
  const { root, destination, destinationIsFolder, chown, chmod, parents, exclude } = operation;
  const how = [destination, destinationIsFolder, chown ?? null, chmod ?? null, parents, exclude];
  return hashed(["copy", identity(root), sources, how, epoch ?? null]);
}

/**
 * @param binds what is known of the trees of mounts, in order.
 * @param outside what the client says that a command can see: its network, its hosts.
 */
export function runKey(operation: RunOperation, binds: readonly string[], outside: unknown, { identity, epoch }: KeyParts): string {
  const { root, argv, env, cwd, user, network, security, devices, scripts } = operation;
  const mounts = operation.mounts.map((mount) => ("from" in mount ? { ...mount, from: undefined } : mount));
  return hashed(["run", identity(root), argv, env, cwd, user, mounts, binds, network, security, devices, scripts, outside, epoch ?? null]);
}

/** Of an archive that is put on a tree as it is. */
export function rebaseKey(base: string, diffId: string): string {
  return hashed(["rebase", base, diffId]);
}

/** Of a name that was found for the same step by what it reads, before its content was looked at. */
export function definitionKey(key: string): string {
  return hashed(["definition", key]);
}

function hashed(parts: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify([GENERATION, parts]))
    .digest("hex");
}
