import { compileTemplate } from "../template/template.ts";
import { table } from "./table.ts";

/** A column of a list: its name in templates, its title, and what it shows of a row. */
export interface Column<T> {
  readonly name: string;
  readonly title: string;
  readonly show: (row: T) => string;
}

export interface ListFormat<T> {
  readonly columns: readonly Column<T>[];
  /** Names of the columns of the default table, in order. */
  readonly shown: readonly string[];
  /** Further fields in templates that take arguments: `{{.Label "name"}}`. Their title is their argument. */
  readonly methods?: Readonly<Record<string, (row: T, argument: string) => string>>;
}

/**
 * A list in the form that `--format` asks for: `table` (the default), `table TEMPLATE`, `json`, or a template per row. In a template a
 * column is its text (`{{.Names}}`), and `{{json .}}` gives all of them.
 *
 * @throws TemplateError
 */
export function formatList<T>(format: string | undefined, list: ListFormat<T>, rows: readonly T[]): string {
  if (format === undefined || format === "" || format === "table") return plainTable(list, rows);
  const fields = rows.map((row) => fieldsOf(row, list));
  if (format === "json") return fields.map((row) => `${JSON.stringify(row)}\n`).join("");
  if (format.startsWith("table ")) return templateTable(format.slice("table ".length), list, fields);
  const template = compileTemplate(unescaped(format), { strict: true });
  return fields.map((row) => `${template(row)}\n`).join("");
}

function plainTable<T>({ columns, shown }: ListFormat<T>, rows: readonly T[]): string {
  const chosen = shown.flatMap((name) => columns.filter((column) => column.name === name));
  return table(
    chosen.map(({ title }) => title),
    rows.map((row) => chosen.map(({ show }) => show(row))),
  );
}

function templateTable<T>(text: string, list: ListFormat<T>, fields: readonly Fields[]): string {
  const template = compileTemplate(unescaped(text), { strict: true });
  const [head = [], ...cells] = [titlesOf(list), ...fields].map((row) => template(row).split("\t"));
  return table(head, cells);
}

type Fields = Readonly<Record<string, string | ((argument: unknown) => string)>>;

function fieldsOf<T>(row: T, { columns, methods = {} }: ListFormat<T>): Fields {
  return {
    ...Object.fromEntries(columns.map(({ name, show }) => [name, show(row)])),
    ...Object.fromEntries(Object.entries(methods).map(([name, method]) => [name, (argument: unknown) => method(row, String(argument))])),
  };
}

function titlesOf<T>({ columns, methods = {} }: ListFormat<T>): Fields {
  return {
    ...Object.fromEntries(columns.map(({ name, title }) => [name, title])),
    ...Object.fromEntries(Object.keys(methods).map((name) => [name, String])),
  };
}

/** `\t` and `\n` may be typed. */
const unescaped = (format: string): string => format.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
