import { createHash } from "node:crypto";
import type { Digest } from "#spec/digest.ts";
import { Refusal } from "../parser/fault.ts";
import type { SourceRange } from "../parser/node.ts";
import type { Operation, PlannedMount, Step, StepRef } from "./plan.ts";

/** Characters of all steps together: thousands of RUN lines, each with a megabyte of variables, would keep the daemon busy for minutes. */
const LARGEST = 256 * 1024 * 1024;

/** The steps of a plan, each once: an operation that is there already is not added again, whichever stage asks for it. */
export class StepTable {
  readonly #steps: Step[] = [];
  readonly #known = new Map<Digest, StepRef>();
  #size = 0;

  get steps(): readonly Step[] {
    return this.#steps;
  }

  add(operation: Operation, range: SourceRange, title: string): StepRef {
    const digest = this.#digestOf(operation);
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    this.#known.set(digest, this.#steps.length);
    return this.#steps.push({ digest, operation, inputs: inputsOf(operation), range, title }) - 1;
  }

  #digestOf(operation: Operation): Digest {
    const identity = identityOf(operation, (step) => this.#steps[step]?.digest ?? "");
    const text = JSON.stringify(identity, sortedKeys);
    this.#size += text.length;
    if (this.#size > LARGEST) throw new Refusal("the steps of the file, with the variables that each is given, are too large");
    return `sha256:${createHash("sha256").update(text).digest("hex")}`;
  }
}

/** The root first: what is read for other reasons comes after it. */
function inputsOf(operation: Operation): readonly StepRef[] {
  switch (operation.kind) {
    case "copy":
      return [...new Set([operation.root, ...operation.sources.flatMap((source) => (source.kind === "files" ? source.from : []))])];
    case "run":
      return [...new Set([operation.root, ...operation.mounts.flatMap((mount) => sourceOf(mount) ?? [])])];
    case "workdir":
      return [operation.root];
    default:
      return [];
  }
}

function sourceOf(mount: PlannedMount): StepRef | undefined {
  return mount.type === "bind" || mount.type === "cache" ? mount.from : undefined;
}

/** All that decides the result: a step's place in this plan says nothing, its digest does; proxies are no part of it. */
function identityOf(operation: Operation, digestOf: (step: StepRef) => string): object {
  switch (operation.kind) {
    case "copy":
      return {
        ...operation,
        root: digestOf(operation.root),
        sources: operation.sources.map((source) => (source.kind === "files" ? { ...source, from: digestOf(source.from) } : source)),
      };
    case "run":
      return {
        ...operation,
        // One text: a step may have thousands, and each would be looked at by itself.
        env: operation.env.join("\0"),
        unkeyedEnv: [],
        root: digestOf(operation.root),
        mounts: operation.mounts.map((mount) => {
          const from = sourceOf(mount);
          return from === undefined ? mount : { ...mount, from: digestOf(from) };
        }),
      };
    case "workdir":
      return { ...operation, root: digestOf(operation.root) };
    case "image":
      // Two names of one image are one tree.
      return { ...operation, reference: "" };
    default:
      return operation;
  }
}

/** The order in which code happens to write fields is no part of the identity; that a field is undefined is as if it were not there. */
function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
