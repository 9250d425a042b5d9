import type { ProgressMessage } from "#spec/progress.ts";
import { printable, printableLines } from "../format/printable.ts";
import { progressBar, type Measure } from "./bar.ts";

/**
 * Progress on a terminal: one line for each id, drawn again in its place when something new is said of it. Gives what is to be written;
 * writes nothing itself.
 */
export class ProgressScreen {
  readonly #columns: number;
  /** How many lines there are room for: a line that has left the screen cannot be drawn again. */
  readonly #rows: number;
  readonly #lines = new Map<string, number>();

  constructor(size: { readonly columns: number; readonly rows: number }) {
    this.#columns = size.columns;
    this.#rows = size.rows;
  }

  draw(message: ProgressMessage): string {
    const text = lineOf(message, this.#columns);
    if (text === undefined) return "";
    const id = "id" in message ? message.id : undefined;
    if (id === undefined || !("progressDetail" in message)) {
      // What is said of the whole ends the block: lines after it start a new one.
      this.#lines.clear();
      return `${text}\n`;
    }
    const line = this.#lines.get(id);
    if (line === undefined) {
      this.#lines.set(id, this.#lines.size);
      return `${this.#cut(text)}\n`;
    }
    const up = this.#lines.size - line;
    return up >= this.#rows ? "" : `\u001b[${up}A\u001b[2K\r${this.#cut(text)}\n${up > 1 ? `\u001b[${up - 1}B` : ""}`;
  }

  /** A line that the terminal breaks in two would shift the others. */
  #cut(text: string): string {
    return text.slice(0, this.#columns);
  }
}

/** Progress where nothing can be drawn again: what is done is told, how far it has come is not. */
export function plainLine(message: ProgressMessage): string {
  const measured = "progressDetail" in message && hasMeasure(message.progressDetail);
  const text = measured ? undefined : lineOf(message, 0);
  return text === undefined ? "" : `${text}\n`;
}

const hasMeasure = ({ current, total }: Measure): boolean => (current ?? 0) > 0 || (total ?? 0) > 0;

/** The words come from a registry: they may be anything. */
function lineOf(message: ProgressMessage, columns: number): string | undefined {
  if ("stream" in message) return printableLines(message.stream.replace(/\n$/, ""));
  if (!("status" in message)) return undefined;
  const { id, status } = message;
  const bar = "progressDetail" in message ? progressBar(message.progressDetail, columns) : "";
  return id === undefined ? printableLines(status) : printable(`${id}: ${status}${bar}`);
}
