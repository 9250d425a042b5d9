import { ApiError } from "#client/api-error.ts";
import { CommandFailure } from "../failure.ts";

/** Nobody else's words for a missing program, one that cannot be executed: the daemon has no other way to tell a client. */
const MISSING = /executable file not found|no such file or directory|system cannot find the file specified/i;
const NOT_EXECUTABLE = /permission denied|is a directory|trying to mount a directory onto a file|exec format error/i;

/** What could not be started, with Docker's exit codes: 127 for a missing program, 126 for one that is none, 125 for all else. */
export function startFailure(error: unknown): CommandFailure {
  if (!(error instanceof ApiError)) return new CommandFailure(125, error);
  if (MISSING.test(error.message)) return new CommandFailure(127, error);
  return new CommandFailure(NOT_EXECUTABLE.test(error.message) ? 126 : 125, error);
}
