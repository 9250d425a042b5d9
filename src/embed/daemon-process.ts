import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { EngineError } from "#errors/engine-error.ts";

/** Characters of the daemon's log that are kept for an error to show. */
const KEPT = 4000;

/**
 * A daemon that lives as long as its standard input is open, of which this process holds the other end: whichever way this process
 * ends, the kernel closes it, and the daemon takes everything along. It does not keep this process from ending.
 */
export class DaemonProcess {
  readonly #child: ChildProcessByStdio<Writable, null, Readable>;
  readonly #ended: Promise<void>;
  #tail = "";

  /** @param onLine takes each line of its log. */
  constructor(program: string, flags: readonly string[], onLine: (line: string) => void) {
    // In a session of its own: what the terminal sends to a test run (ctrl-c) is not for it.
    this.#child = spawn(program, flags, { stdio: ["pipe", "ignore", "pipe"], detached: true, cwd: "/" });
    this.#child.stdin.on("error", () => {}); // It ended before: `ended` says so.
    this.#readLog(onLine);
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", () => resolve());
      this.#child.once("error", (error) => {
        this.#tail += error.message;
        resolve();
      });
    });
    this.#release();
  }

  /** Resolves once it has ended, for whatever reason; the log is complete then. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** The end of its log. */
  get lastWords(): string {
    return this.#tail.trimEnd();
  }

  /** Has it end, and waits for that. */
  async stop(): Promise<void> {
    this.#child.ref();
    this.#child.stdin.end();
    await this.#ended;
  }

  /**
   * Resolves when `answers` does without throwing, which is tried again and again.
   *
   * @throws EngineError with the daemon's last words when it ends before, or when the signal says so.
   */
  async ready(answers: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    let over = false;
    void this.#ended.then(() => (over = true));
    while (!over) {
      if (signal.aborted) throw new EngineError("unavailable", this.#explain("the engine did not start in time"), { cause: signal.reason });
      if (await succeeds(answers)) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new EngineError("unavailable", this.#explain("the engine did not start"));
  }

  #explain(what: string): string {
    return this.lastWords === "" ? what : `${what}. Its last words:\n${this.lastWords}`;
  }

  #readLog(onLine: (line: string) => void): void {
    let partial = "";
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#tail = (this.#tail + text).slice(-KEPT);
      const lines = (partial + text).split("\n");
      partial = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    });
  }

  #release(): void {
    this.#child.unref();
    for (const stream of [this.#child.stdin, this.#child.stderr]) (stream as unknown as { unref(): void }).unref();
  }
}

async function succeeds(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    return false;
  }
}
