import { EngineError } from "#errors/engine-error.ts";

/** A RUN that ended with something else than 0. */
export class StepFailure extends EngineError {
  readonly exitCode: number;

  constructor(argv: readonly string[], exitCode: number) {
    super("invalid", `The command '${argv.join(" ")}' returned a non-zero code: ${exitCode}`, { code: "step-failed" });
    this.exitCode = exitCode;
  }
}
