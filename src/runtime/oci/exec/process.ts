import { identify, type ProcessIdentity, signalProcess } from "#sys/processes/pidfd.ts";
import type { ExecProcess, OutputChunk, TerminalSize } from "../../contract.ts";
import type { StdinPort } from "../../monitor/stdin-port.ts";
import { stopTree } from "../driver/kill.ts";
import type { StartedExec } from "./call.ts";
import type { ExecOutput } from "./output.ts";

/** The daemon's side of an exec'd process. */
export interface ExecStdio {
  readonly output: ExecOutput;
  readonly stdin: StdinPort | undefined;
  /** Absent without a terminal. */
  readonly resize?: ((size: TerminalSize) => void) | undefined;
}

export class RunningExec implements ExecProcess {
  readonly pid: number;
  readonly output: AsyncIterable<OutputChunk>;
  readonly exited: Promise<{ readonly exitCode: number }>;
  readonly #stdio: ExecStdio;
  readonly #identity: ProcessIdentity | undefined;

  constructor(started: StartedExec, pid: number, stdio: ExecStdio) {
    this.pid = pid;
    this.output = stdio.output.read();
    this.#stdio = stdio;
    // Undefined when it has ended by now: there is nobody to send a signal to.
    this.#identity = identify(pid);
    this.exited = started.exitCode.then((exitCode) => {
      stdio.stdin?.destroy();
      stdio.output.finish();
      return { exitCode };
    });
  }

  async write(data: Uint8Array): Promise<void> {
    await this.#stdio.stdin?.write(data);
  }

  /** A terminal's input does not end with a client. */
  closeStdin(): void {
    if (this.#stdio.resize === undefined) this.#stdio.stdin?.close();
  }

  close(): void {
    this.#stdio.output.discard();
  }

  resize(size: TerminalSize): void {
    this.#stdio.resize?.(size);
  }

  kill(signal: number, target: "process" | "tree" = "process"): void {
    if (this.#identity === undefined) return;
    for (const process of target === "tree" ? stopTree(this.#identity) : [this.#identity]) signalProcess(process, signal);
  }
}
