import { functions, isTrue } from "./functions.ts";
import { parseTemplate } from "./parser.ts";
import { show } from "./show.ts";
import { TemplateError, type Command, type Node, type Operand, type Pipeline } from "./syntax.ts";

/** A template that is ready to be filled in, any number of times. */
export type Template = (data: unknown) => string;

/**
 * Compiles a Go template, as `--format` takes it.
 *
 * @throws TemplateError when it cannot be read; the compiled one throws it for a function that is none.
 */
export function compileTemplate(text: string): Template {
  const nodes = parseTemplate(text);
  return (data) => render(nodes, { dot: data, variables: new Map([["$", data]]) });
}

interface Scope {
  readonly dot: unknown;
  readonly variables: ReadonlyMap<string, unknown>;
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
  if (first?.kind !== "function") return first === undefined ? undefined : valueOf(first, scope);
  const found = Object.hasOwn(functions, first.name) ? functions[first.name] : undefined;
  if (found === undefined) throw new TemplateError(`function ${JSON.stringify(first.name)} not defined`);
  return found(...rest.map((operand) => (operand.kind === "function" ? run([operand], scope, []) : valueOf(operand, scope))), ...piped);
}

function valueOf(operand: Exclude<Operand, { kind: "function" }>, scope: Scope): unknown {
  if (operand.kind === "literal") return operand.value;
  const { base } = operand;
  const start = base === "dot" ? scope.dot : "variable" in base ? variableOf(base.variable, scope) : evaluate(base.pipeline, scope);
  return operand.fields.reduce(fieldOf, start);
}

function variableOf(name: string, scope: Scope): unknown {
  if (!scope.variables.has(name)) throw new TemplateError(`undefined variable ${JSON.stringify(name)}`);
  return scope.variables.get(name);
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}
