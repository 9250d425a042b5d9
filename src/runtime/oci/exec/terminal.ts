import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { EngineError } from "#errors/engine-error.ts";
import { closeFd, duplicateFd, makePipe } from "#sys/processes/pipe.ts";
import { receiveTerminal, setWindowSize, type TerminalReceiver } from "#sys/processes/terminal.ts";
import type { ExecProcess, TerminalSize } from "../../contract.ts";
import { StdinPort } from "../../monitor/stdin-port.ts";
import { type ExecCall, execFailure, pidOf, type StartedExec } from "./call.ts";
import { ExecOutput } from "./output.ts";
import { type ExecStdio, RunningExec } from "./process.ts";
import { startExec } from "./start.ts";
import { readText } from "../runtimes-command.ts";

/** Output of a terminal whose process has ended may be this late. */
const GRACE_MS = 100;
/** The runtime hands the terminal over before it tells the pid. */
const HANDOVER_MS = 5000;
/** A runtime that has failed without a word did so after the handover, or hands over none. */
const FAILED_HANDOVER_MS = 200;

/** An exec with a terminal: the runtime makes it in the container and hands out its master side. */
export async function execWithTerminal(call: ExecCall): Promise<ExecProcess> {
  const consoleSocket = `${call.context.folders.consoles}/${randomBytes(6).toString("hex")}`;
  const receiver = receiveTerminal(consoleSocket);
  try {
    const { started, complaints } = await start(call, consoleSocket);
    const pid = await pidOf(started, call.signal);
    if (pid === undefined) throw execFailure(call, (await complaints) || (await lastWords(receiver)));
    return new RunningExec(started, pid, terminalStdio(await handedOver(receiver, started), call));
  } finally {
    receiver.close();
  }
}

async function start(call: ExecCall, consoleSocket: string): Promise<{ started: StartedExec; complaints: Promise<string> }> {
  const complaints = makePipe();
  try {
    const started = await startExec(call, { stdio: [null, null, complaints.write], consoleSocket });
    return { started, complaints: readText(complaints.read) };
  } catch (error) {
    closeFd(complaints.read);
    throw error;
  } finally {
    closeFd(complaints.write);
  }
}

/** What went wrong after the terminal was handed over is said on it. */
async function lastWords(receiver: TerminalReceiver): Promise<string> {
  const master = await soon(receiver.terminal, FAILED_HANDOVER_MS);
  return master === undefined ? "" : readText(master);
}

async function handedOver(receiver: TerminalReceiver, started: StartedExec): Promise<number> {
  const master = await soon(receiver.terminal, HANDOVER_MS);
  if (master !== undefined) return master;
  started.abandon();
  throw new EngineError("system", "OCI runtime exec failed: the runtime did not hand over a terminal: unknown");
}

async function soon<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal }).catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

function terminalStdio(master: number, { request }: ExecCall): ExecStdio {
  const stdin = new StdinPort(duplicateFd(master, 3));
  const resize = (size: TerminalSize): void => {
    if (stdin.fd !== undefined) setWindowSize(stdin.fd, size);
  };
  if (request.size !== undefined) resize(request.size);
  return { output: new ExecOutput([["stdout", master]], GRACE_MS), stdin, resize };
}
