import { closeFd, makePipe } from "#sys/processes/pipe.ts";
import type { ExecProcess } from "../../contract.ts";
import { StdinPort } from "../../monitor/stdin-port.ts";
import { type ExecCall, execFailure, pidOf, type StartedExec } from "./call.ts";
import { ExecOutput } from "./output.ts";
import { type ExecStdio, RunningExec } from "./process.ts";
import { startExec } from "./start.ts";
import { execWithTerminal } from "./terminal.ts";

/**
 * Runs one more process in a container; the daemon holds the other ends of its stdio, so that they end with the daemon.
 *
 * @throws EngineError as `execError` when nothing was run; `cancelled`.
 */
export async function execIn(call: ExecCall): Promise<ExecProcess> {
  return call.request.tty ? execWithTerminal(call) : execWithPipes(call);
}

async function execWithPipes(call: ExecCall): Promise<ExecProcess> {
  const { started, stdio } = await startWithPipes(call);
  const pid = await pidOf(started, call.signal);
  if (pid !== undefined) return new RunningExec(started, pid, stdio);
  // Nothing was run, so that what came on stderr are the runtime's own words.
  stdio.stdin?.destroy();
  stdio.output.finish();
  throw execFailure(call, await textOf(stdio.output));
}

async function startWithPipes(call: ExecCall): Promise<{ started: StartedExec; stdio: ExecStdio }> {
  // Also when nothing is to be read: of /dev/null crun 1.8 would make the host's own device the user's.
  const input = makePipe();
  const stdin = call.request.stdin ? input : undefined;
  if (stdin === undefined) closeFd(input.write);
  const stdout = makePipe();
  const stderr = makePipe();
  const theirs = [input.read, stdout.write, stderr.write];
  try {
    const started = await startExec(call, { stdio: theirs, consoleSocket: undefined });
    const ends = [["stdout", stdout.read] as const, ["stderr", stderr.read] as const];
    return { started, stdio: { output: new ExecOutput(ends, 0), stdin: stdin && new StdinPort(stdin.write) } };
  } catch (error) {
    for (const ours of [stdin?.write, stdout.read, stderr.read]) if (ours !== undefined) closeFd(ours);
    throw error;
  } finally {
    for (const fd of theirs) closeFd(fd);
  }
}

async function textOf(output: ExecOutput): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const { stream, data } of output.read()) if (stream === "stderr") pieces.push(data);
  return Buffer.concat(pieces).toString();
}
