import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

/** A system call that changes something outside the daemon: `rename` and the two paths, `write` and what the descriptor is. */
export interface Step {
  /** From 1. */
  readonly number: number;
  readonly call: string;
  readonly what: string;
}

let program: string | undefined;

afterAll(() => {
  if (program !== undefined) rmSync(dirname(program), { recursive: true, force: true });
});

/** Compiled once a test file, which takes it along at its end. */
export function killSwitchProgram(): string {
  if (program !== undefined) return program;
  const folder = mkdtempSync(join(tmpdir(), "kill-switch-"));
  const compiled = join(folder, "kill-switch");
  execFileSync("gcc", ["-O1", "-Wall", "-Werror", "-o", compiled, fileURLToPath(new URL("kill-switch.c", import.meta.url))]);
  program = compiled;
  return program;
}

/** The supervisor of one run of a daemon: kills it before its n-th step (see kill-switch.c). */
export class KillSwitch {
  readonly #orders: Writable;
  #steps: Step[] = [];
  #killedAt: Step | undefined;
  #lastStepAt = 0;
  #answer: ((line: string) => void) | undefined;

  constructor(orders: Writable, told: Readable) {
    this.#orders = orders;
    orders.on("error", () => {}); // It ends with the last process that it supervises.
    createInterface({ input: told }).on("line", (line) => this.#hear(line));
  }

  /** The steps since it was armed. */
  get steps(): readonly Step[] {
    return this.#steps;
  }

  get killedAt(): Step | undefined {
    return this.#killedAt;
  }

  /** Milliseconds since the last step. */
  get quietFor(): number {
    return Date.now() - this.#lastStepAt;
  }

  /**
   * Kills before the `at`-th step whose `call what` the pattern matches; 0 counts only. Resolves when the count has begun.
   *
   * @param pattern an extended regular expression of POSIX.
   */
  async arm(at: number, pattern = "."): Promise<void> {
    this.#steps = [];
    this.#killedAt = undefined;
    this.#lastStepAt = Date.now();
    await this.#order(`arm ${at} ${pattern}`);
  }

  async disarm(): Promise<void> {
    await this.#order("off");
  }

  #order(line: string): Promise<string> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#orders.write(`${line}\n`);
    });
  }

  #hear(line: string): void {
    const [, kind = "", number = "", call = "", what = ""] = /^(call|killed) (\d+) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === "") return this.#answer?.(line);
    const step = { number: Number(number), call, what };
    this.#steps.push(step);
    this.#lastStepAt = Date.now();
    if (kind === "killed") this.#killedAt = step;
  }
}
