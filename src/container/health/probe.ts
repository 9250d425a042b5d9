import { messageOf } from "#errors/engine-error.ts";
import { settlesWithin } from "#lib/within.ts";
import type { ExecProcess } from "#runtime/contract.ts";
import type { Container } from "../record/container.ts";
import { createExec, type ExecDeps } from "../exec/create.ts";
import type { ExecConfig } from "../exec/exec-session.ts";
import { startExecProcess } from "../exec/start.ts";
import type { ProbeResult } from "./health.ts";
import type { HealthPlan } from "./plan.ts";

/** Bytes of output that are kept, Docker's limit. */
const MOST_OUTPUT = 4096;
/** How long the start of a check may take; it does not count towards the check's own time. */
const START_PATIENCE = 30_000;
/** A check has ended, and somebody it left behind still writes: how long that is read, ms. */
const OUTPUT_PATIENCE = 500;
const SIGKILL = 9;

/** @param onRunning is called when the check has been started. */
export type Probe = (container: Container, plan: HealthPlan, signal: AbortSignal, onRunning: () => void) => Promise<ProbeOutcome>;

/** `failed` when it could not be run, which says nothing of the container. */
export type ProbeOutcome = ProbeResult & { readonly failed: boolean };

/** Runs a container's check once, as an exec like any other. Never rejects; when the signal aborts it is killed. */
export async function runProbe(deps: ExecDeps, ...[container, plan, signal, onRunning]: Parameters<Probe>): Promise<ProbeOutcome> {
  const start = Date.now();
  let session: string | undefined;
  try {
    session = await createExec(deps, container.id, probeConfig(plan), undefined);
    const process = await startProbe(deps, container, session, signal);
    onRunning();
    return { start, ...(await followProbe(process, plan, signal)), failed: false };
  } catch (error) {
    return { start, end: Date.now(), exitCode: -1, output: messageOf(error), failed: true };
  } finally {
    // Users' sessions can be inspected for a while after their end; a check that comes every second would crowd them out.
    if (session !== undefined) deps.execs.delete(session);
  }
}

async function startProbe(deps: ExecDeps, { id }: Container, session: string, signal: AbortSignal): Promise<ExecProcess> {
  const stop = new AbortController();
  const abort = (): void => stop.abort(signal.reason);
  signal.addEventListener("abort", abort);
  const late = new Error(`timed out starting health check for container ${id}`);
  const timer = setTimeout(() => stop.abort(late), START_PATIENCE);
  try {
    return await startExecProcess(deps, session, stop.signal);
  } catch (error) {
    throw stop.signal.reason === late ? late : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

/** As the container itself, never privileged, with nothing on stdin. */
function probeConfig({ command }: HealthPlan): ExecConfig {
  return {
    command,
    env: [],
    user: "",
    workingDir: "",
    privileged: false,
    tty: false,
    stdin: false,
    stdout: true,
    stderr: true,
    detachKeys: "",
  };
}

async function followProbe(process: ExecProcess, plan: HealthPlan, signal: AbortSignal): Promise<Omit<ProbeResult, "start">> {
  const output = new LimitedOutput();
  const read = output.read(process);
  // What it has started goes with it: a check that hangs in a child would leave one more of them each time.
  const kill = (): void => process.kill(SIGKILL, "tree");
  signal.addEventListener("abort", kill);
  if (signal.aborted) kill();
  const inTime = await settlesWithin(process.exited, plan.timeoutMs);
  if (!inTime) kill();
  const { exitCode } = await process.exited;
  signal.removeEventListener("abort", kill);
  const end = Date.now();
  await settlesWithin(read, OUTPUT_PATIENCE);
  process.close();
  if (inTime) return { end, exitCode, output: output.text };
  const said = output.text === "" ? "" : `: ${output.text}`;
  return { end, exitCode: -1, output: `Health check exceeded timeout (${goDuration(plan.timeoutMs)})${said}` };
}

class LimitedOutput {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #cut = false;

  get text(): string {
    return Buffer.concat(this.#chunks).toString() + (this.#cut ? "..." : "");
  }

  /** To the end, also of what is too much: a check must not be held up by a full pipe. */
  async read({ output }: ExecProcess): Promise<void> {
    for await (const { data } of output) {
      const kept = data.subarray(0, MOST_OUTPUT - this.#length);
      if (kept.length > 0) this.#chunks.push(kept);
      this.#length += kept.length;
      if (kept.length < data.length) this.#cut = true;
    }
  }
}

/** As Go prints a duration: `300ms`, `1.5s`, `1m30s`, `2h0m0s`. */
export function goDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds}ms`;
  const seconds = milliseconds / 1000;
  const [hours, minutes] = [Math.trunc(seconds / 3600), Math.trunc(seconds / 60) % 60];
  const rest = `${Number((seconds % 60).toFixed(9))}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
