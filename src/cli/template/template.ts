import { functions, isTrue } from "./functions.ts";
import { parseTemplate } from "./parser.ts";
import { show } from "./show.ts";
import { TemplateError, type Command, type Node, type Operand, type Pipeline } from "./syntax.ts";

/** A template that is ready to be filled in, any number of times. */
export type Template = (data: unknown) => string;

export interface TemplateOptions {
  /** The data has every field that there is: another one is a mistake of the template, as in Go's structures. */
  readonly strict?: boolean;
}

/**
 * Compiles a Go template, as `--format` takes it.
 *
 * @throws TemplateError when it cannot be read; the compiled one throws it for what cannot be done with the data.
 */
export function compileTemplate(text: string, { strict = false }: TemplateOptions = {}): Template {
  const nodes = parseTemplate(text);
  return (data) => render(nodes, { dot: data, variables: new Map([["$", data]]), complete: strict ? data : undefined });
}

interface Scope {
  readonly dot: unknown;
  readonly variables: ReadonlyMap<string, unknown>;
  /** The value that has every field that there is. */
  readonly complete: unknown;
}

function render(nodes: readonly Node[], scope: Scope): string {
  let current = scope;
  let output = "";
  for (const node of nodes) {
    if (node.kind === "text") output += node.text;
    else if (node.kind === "action") {
      const value = evaluate(node.pipeline, current);
      const [variable] = node.pipeline.variables;
      if (variable === undefined) output += show(value);
      else current = { ...current, variables: new Map(current.variables).set(variable, value) };
    } else output += renderBlock(node, current);
  }
  return output;
}

function renderBlock(node: Exclude<Node, { kind: "text" | "action" }>, scope: Scope): string {
  const value = evaluate(node.pipeline, scope);
  if (!isTrue(value)) return render(node.otherwise, scope);
  switch (node.kind) {
    case "if":
      return render(node.body, assigned(scope, node.pipeline, [value]));
    case "with":
      return render(node.body, { ...assigned(scope, node.pipeline, [value]), dot: value });
    case "range":
      return itemsOf(value)
        .map(([key, item]) =>
          render(node.body, { ...assigned(scope, node.pipeline, node.pipeline.variables.length > 1 ? [key, item] : [item]), dot: item }),
        )
        .join("");
  }
}

function assigned(scope: Scope, { variables }: Pipeline, values: readonly unknown[]): Scope {
  if (variables.length === 0) return scope;
  return {
    ...scope,
    variables: new Map([...scope.variables, ...variables.map((name, index): [string, unknown] => [name, values[index]])]),
  };
}

function itemsOf(value: unknown): [unknown, unknown][] {
  if (Array.isArray(value)) return value.map((item, index) => [index, item]);
  if (typeof value !== "object" || value === null) throw new TemplateError(`range can't iterate over ${show(value)}`);
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}

function evaluate(pipeline: Pipeline, scope: Scope): unknown {
  return pipeline.commands.reduce<{ value: unknown; piped: boolean }>(
    ({ value, piped }, command) => ({ value: run(command, scope, piped ? [value] : []), piped: true }),
    { value: undefined, piped: false },
  ).value;
}

function run(command: Command, scope: Scope, piped: readonly unknown[]): unknown {
  const [first, ...rest] = command;
  if (first === undefined) return undefined;
  const values = rest.map((operand) => (operand.kind === "function" ? run([operand], scope, []) : valueOf(operand, scope)));
  if (first.kind === "function") return functionOf(first.name)(...values, ...piped);
  const value = valueOf(first, scope);
  if (typeof value === "function") return (value as Method)(...values, ...piped);
  if (values.length + piped.length > 0) throw new TemplateError(`can't give argument to non-function ${show(value)}`);
  return value;
}

/** A field that takes arguments: `{{.Label "name"}}`. */
type Method = (...values: unknown[]) => unknown;

function functionOf(name: string): Method {
  const found = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (found === undefined) throw new TemplateError(`function ${JSON.stringify(name)} not defined`);
  return found;
}

function valueOf(operand: Exclude<Operand, { kind: "function" }>, scope: Scope): unknown {
  if (operand.kind === "literal") return operand.value;
  const { base } = operand;
  const start = base === "dot" ? scope.dot : "variable" in base ? variableOf(base.variable, scope) : evaluate(base.pipeline, scope);
  return operand.fields.reduce<unknown>((value, name) => fieldOf(value, name, scope), start);
}

function variableOf(name: string, scope: Scope): unknown {
  if (!scope.variables.has(name)) throw new TemplateError(`undefined variable ${JSON.stringify(name)}`);
  return scope.variables.get(name);
}

/**
 * A field by its name, or by one that differs in case alone: Go's names are not always those in the API's JSON (`APIVersion` is
 * `ApiVersion` there), and templates are written with either.
 */
function fieldOf(value: unknown, name: string, { complete }: Scope): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  if (Object.hasOwn(value, name)) return (value as Record<string, unknown>)[name];
  if (value === complete) throw new TemplateError(`can't evaluate field ${name}`);
  const lower = name.toLowerCase();
  return Object.entries(value).find(([key]) => key.toLowerCase() === lower)?.[1];
}
