import { printableLines } from "../format/printable.ts";

/** Lines of a step's output that are on the screen while it goes on. */
const WINDOW = 6;
/** Of a step's output, for the case that it fails: the last of it. */
const MOST_KEPT = 256 * 1024;

const STEP = /^Step (\d+\/\d+) : (.*)$/s;
const BELOW = /^ ---> /;
const ERASE = "\u001b[0J";
const DIM = "\u001b[2m";
const PLAIN = "\u001b[0m";

/**
 * A build on a terminal: a line for each step, with the last lines of what it writes below it while it goes on, and the time that it
 * took (or that the cache had it) when it is done. What a step that failed has written is left standing. Gives what is to be written;
 * writes nothing itself.
 */
export class BuildScreen {
  readonly #columns: number;
  readonly #now: () => number;
  #step: { readonly title: string; readonly began: number; cached: boolean } | undefined;
  #lines: string[] = [];
  #kept = "";
  #partial = "";
  #isStale = false;
  /** Lines below the step's own that are drawn now. */
  #drawn = 0;

  /** @param now milliseconds. */
  constructor(size: { readonly columns: number }, now: () => number) {
    this.#columns = size.columns;
    this.#now = now;
  }

  /** A piece of the build's stream, which may end within a line. */
  take(text: string): string {
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    return lines.map((line) => this.#line(line)).join("") + this.#window();
  }

  /** What is left to draw when the stream has ended; with `failed`, all that the last step wrote. */
  end(failed: boolean): string {
    const rest = this.#partial === "" ? "" : this.#line(this.#partial);
    this.#partial = "";
    if (failed) return rest + this.#failed();
    return rest + this.#close();
  }

  #line(line: string): string {
    const step = STEP.exec(line);
    if (step !== null) return this.#close() + this.#open(`[${step[1]}] ${step[2]}`);
    if (line === " ---> Using cache" && this.#step !== undefined) this.#step.cached = true;
    if (this.#step === undefined || /^(?:Successfully (?:built|tagged) | \d+ warnings? found:)/.test(line))
      return `${this.#close()}${printableLines(line)}\n`;
    return BELOW.test(line) ? "" : this.#output(line);
  }

  #open(title: string): string {
    this.#step = { title, began: this.#now(), cached: false };
    return `${this.#cut(printableLines(title))}\n`;
  }

  /** A line of output for the window. A carriage return begins the line anew, as programs draw their progress. */
  #output(line: string): string {
    this.#kept = `${this.#kept}${line}\n`.slice(-MOST_KEPT);
    const shown = line.replace(/\r$/, "").split("\r").at(-1) ?? "";
    this.#lines = [...this.#lines, shown].slice(-WINDOW);
    this.#isStale = true;
    return "";
  }

  /** The window as it is now, drawn once for all that came at once. */
  #window(): string {
    if (!this.#isStale) return "";
    this.#isStale = false;
    const text = this.#lines.map((one) => `${DIM}${this.#cut(`    ${printableLines(one)}`)}${PLAIN}\n`).join("");
    const drawn = this.#back(this.#drawn) + text;
    this.#drawn = this.#lines.length;
    return drawn;
  }

  /** The step's line again, with how it went, and nothing below it. */
  #close(): string {
    const step = this.#step;
    if (step === undefined) return "";
    const outcome = step.cached ? "CACHED" : `${((this.#now() - step.began) / 1000).toFixed(1)}s`;
    const title = this.#cut(printableLines(step.title), outcome.length + 1);
    const drawn = `${this.#back(this.#drawn + 1)}${title} ${DIM}${outcome}${PLAIN}\n`;
    this.#reset();
    return drawn;
  }

  #failed(): string {
    if (this.#step === undefined) return "";
    const drawn = `${this.#back(this.#drawn + 1)}${this.#cut(printableLines(this.#step.title), 6)} ERROR\n${this.#kept}`;
    this.#reset();
    return drawn;
  }

  #reset(): void {
    this.#step = undefined;
    this.#lines = [];
    this.#kept = "";
    this.#drawn = 0;
    this.#isStale = false;
  }

  #back(lines: number): string {
    return lines === 0 ? "" : `\u001b[${lines}A\r${ERASE}`;
  }

  /** A line that the terminal breaks in two would shift the others. */
  #cut(text: string, room = 0): string {
    const [line = ""] = text.split("\n", 1);
    return Array.from(line)
      .slice(0, Math.max(1, this.#columns - 1 - room))
      .join("");
  }
}
