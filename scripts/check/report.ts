/** What a run of the tests came to: the reporter (reporter.ts) writes it, verdict.ts judges by it. */
export interface Report {
  readonly files: readonly FileRun[];
  /** For each error that was thrown outside of any test, the file that ran meanwhile, where that is known. */
  readonly strays: readonly (string | undefined)[];
}

export interface FileRun {
  /** From the root of the repository. */
  readonly path: string;
  /** A test of it failed, or a hook, or it does not load, or it never came to its end. */
  readonly failed: boolean;
  readonly tests: readonly TestRun[];
}

export interface TestRun {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** How often vitest tried it anew within the file. */
  readonly retries: number;
}
