import type { Digest } from "#spec/digest.ts";
import type { BuiltLayer } from "../ports.ts";

/** The file tree that a step made. */
export type StepResult = LayerTree | FolderTree;

/** Layers, from the base up. */
export interface LayerTree {
  readonly kind: "layers";
  readonly layers: readonly BuiltLayer[];
}

/** Nothing: what `FROM scratch` begins with. */
export const EMPTY: LayerTree = { kind: "layers", layers: [] };

/** A folder of the host that nobody writes to while the build goes on. */
export interface FolderTree {
  readonly kind: "folder";
  readonly folder: string;
  /** Of its content; undefined where only what is asked for of it counts: the context. */
  readonly digest: string | undefined;
}

export function topOf({ layers }: LayerTree): Digest | undefined {
  return layers.at(-1)?.chainId;
}

/** What a step that reads this tree is known by. Undefined: ask for what of it is read. */
export function identityOf(result: StepResult): string | undefined {
  return result.kind === "layers" ? (topOf(result) ?? "scratch") : result.digest;
}
