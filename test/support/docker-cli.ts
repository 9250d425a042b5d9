import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { launched } from "./build.ts";
import { peers } from "./peers.ts";
import type { TestDaemon } from "./daemon.ts";

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  /** Runs it on a terminal of its own (through python's pty), with `input` typed into it. */
  readonly terminal?: boolean;
  readonly environment?: Record<string, string>;
  readonly timeout?: number;
  /** Sent when it has written something, `signals` times. */
  readonly signalAtOutput?: NodeJS.Signals;
  readonly signals?: number;
  /** Nobody reads on once it has written this. */
  readonly until?: string;
}

/** Runs a program on a pty and copies what is typed and what is shown, as a terminal emulator does. */
const PTY = "import pty,sys; sys.exit(__import__('os').waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

/** Runs a command line to its end, whatever its exit code, with no variables but those that are given. */
export function runProgram(command: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [file = "", ...rest] = options.terminal === true ? ["python3", "-c", PTY, ...command] : command;
  const env = { PATH: process.env["PATH"] ?? "", TERM: "xterm", ...options.environment };
  const child = spawn(file, rest, { env, stdio: "pipe" });
  const killer = setTimeout(() => child.kill("SIGKILL"), options.timeout ?? 90_000);
  const collect = (stream: NodeJS.ReadableStream): Promise<string> =>
    new Promise((resolve) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk)).on("close", () => resolve(Buffer.concat(chunks).toString()));
    });
  if (options.terminal === true) typeWhenReady(child, options.input ?? "");
  else child.stdin.end(options.input);
  if (options.signalAtOutput !== undefined) child.stdout.once("data", () => void signal(child, options));
  if (options.until !== undefined) stopReading(child, options.until);
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return Promise.all([ended, collect(child.stdout), collect(child.stderr)]).then(([code, stdout, stderr]) => {
    clearTimeout(killer);
    return { code, stdout, stderr };
  });
}

/** The unmodified docker command line against a test's daemon; or another program that takes the same words. */
export class DockerCli {
  readonly #daemon: TestDaemon;
  readonly #program: string;

  constructor(daemon: TestDaemon, program = peers()["DOCKER"] ?? "docker") {
    this.#daemon = daemon;
    this.#program = program;
  }

  /** Runs it to its end, whatever its exit code. */
  run(parameters: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const environment = { HOME: this.#daemon.folder, DOCKER_CONFIG: this.#daemon.folder, ...launched, ...options.environment };
    return runProgram([this.#program, "-H", this.#daemon.host, ...parameters], { ...options, environment });
  }

  /** Runs it and returns what it printed; anything but exit code 0 throws. */
  async ok(...parameters: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(parameters);
    if (code !== 0) throw new Error(`${this.#program} ${parameters.join(" ")} ended with ${code}: ${stderr}${stdout}`);
    return stdout.trim();
  }
}

/** Types when something was shown, a prompt as a rule; where nothing is, after a while. Before, the line would not be in raw mode. */
function typeWhenReady(child: ChildProcessWithoutNullStreams, input: string): void {
  const ready = new Promise((resolve) => {
    child.stdout.once("data", resolve);
    setTimeout(resolve, 3000).unref();
  });
  void ready.then(() => child.stdin.write(input));
}

/** One after the other: the kernel merges signals of one kind that wait. */
async function signal(child: ChildProcessWithoutNullStreams, { signalAtOutput, signals = 1 }: RunOptions): Promise<void> {
  for (let sent = 0; sent < signals; sent++) {
    child.kill(signalAtOutput);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function stopReading(child: ChildProcessWithoutNullStreams, text: string): void {
  let read = "";
  child.stdout.on("data", (chunk: Buffer) => {
    read += chunk.toString();
    if (read.includes(text)) child.stdout.destroy();
  });
}
