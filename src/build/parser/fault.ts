import { WordError } from "../words/word-reader.ts";
import type { SourceRange } from "./node.ts";

/** What is wrong with a Dockerfile, and where. The planner's entry turns it into an EngineError that shows the source. */
export class DockerfileFault extends Error {
  override readonly name = "DockerfileFault";
  readonly ranges: readonly SourceRange[];

  constructor(message: string, ranges: readonly SourceRange[], options?: ErrorOptions) {
    super(message, options);
    this.ranges = ranges;
  }
}

/** What is wrong with an instruction, said by code that does not know where it stands. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

/** Runs a step of reading an instruction; what it refuses gets the place, and a few words before it. @throws DockerfileFault */
export function located<T>(range: SourceRange, action: () => T, prefix = ""): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof Refusal || error instanceof WordError)
      throw new DockerfileFault(prefix + error.message, [range], { cause: error });
    throw error;
  }
}
