import type { StdPiece } from "#http/body/stdcopy.ts";
import type { ContainerWaitResponse } from "#spec/docker-api/types.ts";
import type { Caller } from "../caller.ts";
import { encodeName } from "../query.ts";
import { isMultiplexed, piecesOf, type RawSession } from "../raw-session.ts";

export type WaitCondition = "not-running" | "next-exit" | "removed";

export interface WaitOptions {
  /** `not-running` unless given. */
  readonly condition?: WaitCondition;
  readonly signal?: AbortSignal | undefined;
}

export interface Exit {
  readonly StatusCode: number;
  readonly Error?: ContainerWaitResponse["Error"];
}

export interface LogsOptions {
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly follow?: boolean;
  /** Unix seconds, RFC 3339, or a duration back from now. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly timestamps?: boolean;
  /** How many of the last lines. */
  readonly tail?: number | "all" | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface AttachOptions {
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  /** What was written before, first. */
  readonly logs?: boolean;
  /** `ctrl-p,ctrl-q` */
  readonly detachKeys?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Resolves when the daemon waits. */
export async function waitFor(caller: Caller, id: string, { condition, signal }: WaitOptions): Promise<{ readonly exit: Promise<Exit> }> {
  const lines = await caller.lines<Exit>(`POST /containers/${encodeName(id)}/wait`, { query: { condition }, signal });
  const exit = firstOf(lines, "the daemon ended the wait without an answer");
  // Whoever gives up on it need not handle that it failed.
  exit.catch(() => undefined);
  return { exit };
}

export async function logsOf(caller: Caller, id: string, options: LogsOptions): Promise<AsyncGenerator<StdPiece>> {
  const { signal, stdout = true, stderr = true, ...rest } = options;
  const query = { stdout, stderr, ...rest };
  const { headers, body } = await caller.stream(`GET /containers/${encodeName(id)}/logs`, { query, signal });
  return piecesOf(body, isMultiplexed(headers));
}

export function attachTo(caller: Caller, id: string, options: AttachOptions): Promise<RawSession> {
  const { signal, stdin = false, stdout = true, stderr = true, logs = false, detachKeys } = options;
  const query = { stream: true, stdin, stdout, stderr, logs, detachKeys };
  return caller.hijack(`POST /containers/${encodeName(id)}/attach`, { query, signal });
}

async function firstOf<T>(values: AsyncGenerator<T>, missing: string): Promise<T> {
  for await (const value of values) return value;
  throw new Error(missing);
}
