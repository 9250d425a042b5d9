import type { ContainerExecBody, ExecStartBody, ProcessConfig } from "#spec/docker-api/types.ts";
import type { Caller } from "./caller.ts";
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

  inspect(id: string): Promise<ExecState> {
    return this.#caller.json(`GET /exec/${encodeName(id)}/json`);
  }

  resize(id: string, { rows, columns }: { readonly rows: number; readonly columns: number }): Promise<void> {
    return this.#caller.send(`POST /exec/${encodeName(id)}/resize`, { query: { h: rows, w: columns } });
  }
}
