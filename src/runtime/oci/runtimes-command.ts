import { adopt } from "#sys/sockets/fd-socket.ts";
import { closeFd, makePipe } from "#sys/processes/pipe.ts";
import { spawn } from "#sys/processes/spawn.ts";
import { runtimeEnvironment } from "../monitor/arguments.ts";
import type { Runtime } from "./runtimes.ts";

/** What a program says is cut here. */
const LONGEST_OUTPUT = 64 * 1024;

export interface CommandResult {
  readonly exitCode: number;
  /** stdout and stderr, as they came. */
  readonly output: string;
}

/** Runs a command of a runtime to its end. Does not throw for a command that fails. */
export function runRuntime(runtime: Runtime, ...command: string[]): Promise<CommandResult> {
  return run(runtime.program(), [runtime.name, ...runtime.arguments, ...command]);
}

/** What a program prints, for asking it once who it is. @throws SystemCallError when it cannot be run. */
export async function outputOf(path: string, parameters: readonly string[]): Promise<string> {
  return (await run(path, [path, ...parameters])).output;
}

async function run(file: string, argv: readonly string[]): Promise<CommandResult> {
  const pipe = makePipe();
  let exited: Promise<number>;
  try {
    ({ exited } = await spawn({ file, argv, env: runtimeEnvironment, cwd: "/", descriptors: [null, pipe.write, pipe.write] }));
  } catch (error) {
    closeFd(pipe.read);
    throw error;
  } finally {
    closeFd(pipe.write);
  }
  const [exitCode, output] = await Promise.all([exited, readText(pipe.read)]);
  return { exitCode, output };
}

/** Reads a pipe or terminal, which it takes over, to its end, and keeps the beginning. */
export function readText(fd: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const { socket } = adopt(fd, { readable: true, writable: false });
  let text = "";
  socket.setEncoding("utf8");
  socket.on("data", (piece: string) => {
    text = (text + piece).slice(0, LONGEST_OUTPUT);
  });
  socket.on("error", () => {});
  socket.once("close", () => resolve(text));
  return promise;
}
