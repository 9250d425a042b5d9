import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";

/** What a command came to. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs commands by way of a small shell: a test process is large, and forking it for each of hundreds of commands would be most of
 * a test's time. Synchronous, as tests of rules read best.
 */
export class Launcher {
  readonly #folder: string;
  readonly #shell: ChildProcess;
  readonly #commands: number;
  readonly #statuses: number;

  constructor(folder: string) {
    this.#folder = folder;
    const [commands, statuses] = [join(folder, "commands"), join(folder, "statuses")];
    execFileSync("mkfifo", [commands, statuses]);
    // Opened for both, a FIFO waits for nobody.
    this.#commands = openSync(commands, "r+");
    this.#statuses = openSync(statuses, "r+");
    const loop = `while IFS= read -r line; do eval "$line" >'${folder}/out' 2>'${folder}/err' </dev/null; echo "$?"; done`;
    this.#shell = spawn("sh", ["-c", loop], { stdio: [this.#commands, this.#statuses, "ignore"] });
  }

  /** Runs a command of at most ten seconds in a network namespace. */
  run(namespace: string, command: readonly string[]): Outcome {
    return this.#evaluate(`timeout 10 ${inNamespace(namespace, command)}`);
  }

  /** Starts a command that goes on. @returns its process id. */
  start(namespace: string, command: readonly string[]): number {
    return Number(this.#evaluate(`${inNamespace(namespace, command)} >/dev/null 2>&1 & echo "$!"`).stdout);
  }

  end(): void {
    this.#shell.kill("SIGKILL");
    closeSync(this.#commands);
    closeSync(this.#statuses);
  }

  #evaluate(line: string): Outcome {
    // The shell would wait for the rest, and its caller for the shell.
    if (line.includes("\n")) throw new Error(`a command of several lines: ${line.slice(0, 200)}`);
    writeSync(this.#commands, `${line}\n`);
    const buffer = Buffer.alloc(16);
    const status = Number(buffer.toString("utf8", 0, readSync(this.#statuses, buffer)));
    const read = (name: string): string => readFileSync(join(this.#folder, name), "utf8");
    return { status, stdout: read("out"), stderr: read("err") };
  }
}

function inNamespace(namespace: string, command: readonly string[]): string {
  return ["nsenter", `--net=${namespace}`, ...command].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}
