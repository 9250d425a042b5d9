import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import type { SerializedError } from "vitest";
import type { Reporter, TestCase, TestModule } from "vitest/node";
import type { FileRun, Report, TestRun } from "./report.ts";

const OUTCOMES = { passed: "passed", skipped: "skipped", failed: "failed", pending: "failed" } as const;

/** Writes a run's report into the file that DHOW_CHECK_REPORT names. Vitest's own JSON knows neither retries nor errors outside of tests. */
export default class CheckReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const path = process.env["DHOW_CHECK_REPORT"];
    if (path === undefined) throw new Error("DHOW_CHECK_REPORT names no file for the report");
    const report: Report = { files: modules.map(fileRun), strays: errors.map(whereThrown) };
    writeFileSync(path, JSON.stringify(report));
  }
}

function fileRun(module: TestModule): FileRun {
  return {
    path: fromRoot(module.moduleId),
    failed: !["passed", "skipped"].includes(module.state()),
    tests: [...module.children.allTests()].map(testRun),
  };
}

function testRun(test: TestCase): TestRun {
  return { name: test.fullName, outcome: OUTCOMES[test.result().state], retries: test.diagnostic()?.retryCount ?? 0 };
}

function whereThrown(error: SerializedError): string | undefined {
  const path: unknown = error["VITEST_TEST_PATH"];
  return typeof path === "string" ? fromRoot(path) : undefined;
}

function fromRoot(path: string): string {
  return relative(process.cwd(), path);
}
