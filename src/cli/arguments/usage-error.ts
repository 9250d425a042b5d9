/** 125 for flags, 1 for arguments and commands: Docker's, which scripts know. */
export type UsageExitCode = 1 | 125;

/** A command line that cannot be followed. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly exitCode: UsageExitCode;

  constructor(message: string, exitCode: UsageExitCode = 125) {
    super(message);
    this.exitCode = exitCode;
  }

  /**
   * The same, with what to type instead.
   *
   * @param program `dhow ps`.
   * @param usage its usage line.
   */
  withUsage(program: string, usage: string): UsageError {
    return new UsageError(`${this.message}\n\n${usage}\n\nRun '${program} --help' for more information`, this.exitCode);
  }
}
