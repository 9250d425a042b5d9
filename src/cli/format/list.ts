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
}

/**
 * A list in the form that `--format` asks for: `table` (the default), `table TEMPLATE`, `json`, or a template per row. In a template a
 * column is its text (`{{.Names}}`), and `{{json .}}` gives all of them.
 */
export function formatList<T>(format: string | undefined, { columns, shown }: ListFormat<T>, rows: readonly T[]): string {
  const flat = rows.map((row) => Object.fromEntries(columns.map((column) => [column.name, column.show(row)])));
  if (format === undefined || format === "" || format === "table") {
    const chosen = shown.flatMap((name) => columns.filter((column) => column.name === name));
    return table(
      chosen.map((column) => column.title),
      rows.map((row) => chosen.map((column) => column.show(row))),
    );
  }
  if (format === "json") return flat.map((row) => `${JSON.stringify(row)}\n`).join("");
  if (!format.startsWith("table ")) {
    const template = compileTemplate(unescaped(format));
    return flat.map((row) => `${template(row)}\n`).join("");
  }
  const template = compileTemplate(unescaped(format.slice("table ".length)));
  const titles = Object.fromEntries(columns.map((column) => [column.name, column.title]));
  const [head = [], ...cells] = [titles, ...flat].map((row) => template(row).split("\t"));
  return table(head, cells);
}

/** `\t` and `\n` may be typed. */
const unescaped = (format: string): string => format.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
