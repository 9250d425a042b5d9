import type { ContainerExecBody, ExecStartBody, ProcessConfig } from "#spec/docker-api/types.ts";
import type { Caller } from "./caller.ts";
import { collected, type RunResult } from "./collected.ts";
import { encodeName } from "./query.ts";
import type { RawSession } from "./raw-session.ts";

export interface ExecState {
  readonly ID: string;
  readonly ContainerID: string;
  readonly Running: boolean;
  /** Null while it runs. */
  readonly ExitCode: number | null;
  readonly Pid: number;
  readonly ProcessConfig: ProcessConfig;
}

/** Further processes in running containers. */
export class ExecClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  create(container: string, body: ContainerExecBody): Promise<{ readonly Id: string }> {
    return this.#caller.json(`POST /containers/${encodeName(container)}/exec`, { json: body });
  }

  /** Starts it and takes part in it. */
  start(id: string, body: Omit<ExecStartBody, "Detach"> = {}, signal?: AbortSignal): Promise<RawSession> {
    return this.#caller.hijack(`POST /exec/${encodeName(id)}/start`, { json: { ...body, Detach: false }, signal });
  }

  /** Starts it and lets it run. */
  startDetached(id: string, body: Omit<ExecStartBody, "Detach"> = {}): Promise<void> {
    return this.#caller.send(`POST /exec/${encodeName(id)}/start`, { json: { ...body, Detach: true } });
  }

  /**
   * Runs a program in a container to its end: for programs whose output fits into memory. An abort lets go of it: a process of a
   * container cannot be ended from outside.
   */
  async run(
    container: string,
    body: Omit<ContainerExecBody, "AttachStdin" | "AttachStdout" | "AttachStderr">,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<RunResult> {
    const { Id } = await this.create(container, { ...body, AttachStdout: true, AttachStderr: true });
    const session = await this.start(Id, { Tty: body.Tty }, signal);
    const output = await collected(session.output());
    signal?.throwIfAborted();
    return { exitCode: (await this.inspect(Id)).ExitCode ?? -1, ...output };
  }

  inspect(id: string): Promise<ExecState> {
    return this.#caller.json(`GET /exec/${encodeName(id)}/json`);
  }

  resize(id: string, { rows, columns }: { readonly rows: number; readonly columns: number }): Promise<void> {
    return this.#caller.send(`POST /exec/${encodeName(id)}/resize`, { query: { h: rows, w: columns } });
  }
}
