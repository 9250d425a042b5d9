/**
 * What a Go template may say, as far as `--format` needs it (golang.org/pkg/text/template): actions, pipelines, if, with, range, variables.
 */
export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly pipeline: Pipeline }
  | { readonly kind: "if"; readonly pipeline: Pipeline; readonly body: readonly Node[]; readonly otherwise: readonly Node[] }
  | { readonly kind: "with"; readonly pipeline: Pipeline; readonly body: readonly Node[]; readonly otherwise: readonly Node[] }
  | { readonly kind: "range"; readonly pipeline: Pipeline; readonly body: readonly Node[]; readonly otherwise: readonly Node[] };

/** `$a, $b := command | command`. */
export interface Pipeline {
  readonly variables: readonly string[];
  readonly commands: readonly Command[];
}

/** A function or value, and its arguments. */
export type Command = readonly Operand[];

export type Operand =
  | { readonly kind: "literal"; readonly value: string | number | boolean | undefined }
  /** `.A.B`, `$x.A` (base is the variable), or fields of a parenthesis. */
  | {
      readonly kind: "path";
      readonly base: "dot" | { readonly variable: string } | { readonly pipeline: Pipeline };
      readonly fields: readonly string[];
    }
  | { readonly kind: "function"; readonly name: string };

export class TemplateError extends Error {
  override readonly name = "TemplateError";
}
