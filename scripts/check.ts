/**
 * Every check of the project, one after the other, under the carried Node. Prints each as it goes, and as the last line
 * `N passed, N failed, N skipped`, where a check counts as one test and the test runner's tests count themselves.
 *
 *   npm test                 all of it
 *   npm test -- unit         only the named steps
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const bin = (name: string): string => join("node_modules", ".bin", name);
const reports = mkdtempSync(join(tmpdir(), "dhow-check-"));

const steps: Readonly<Record<string, () => Counts>> = {
  format: () => single(bin("oxfmt"), "--check", "."),
  lint: () => single(bin("oxlint"), "--type-aware", "--deny-warnings", "."),
  types: () => single("node_modules/typescript/bin/tsc", "-p", "."),
  unused: () => single(bin("knip"), "--no-progress"),
  unit: () => vitest("unit"),
  integration: () => vitest("integration"),
};

const chosen = process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(steps);
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
for (const name of chosen) {
  const step = steps[name];
  if (step === undefined) throw new Error(`no check named ${name}; there are ${Object.keys(steps).join(", ")}`);
  console.log(`\n==> ${name}`);
  const counts = step();
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}
rmSync(reports, { recursive: true, force: true });

// Where the reference material is at hand nothing may be skipped: a skipped test there is one that never ran.
const strict = existsSync(new URL("../../shared/api", import.meta.url));
if (strict && total.skipped > 0) console.log(`\n${total.skipped} skipped: not allowed where ../shared is there`);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || (strict && total.skipped > 0) || total.passed === 0 ? 1 : 0;

function single(script: string, ...parameters: string[]): Counts {
  const started = Date.now();
  const { status } = spawnSync(process.execPath, [script, ...parameters], { stdio: "inherit" });
  console.log(`    ${status === 0 ? "ok" : "FAILED"}, ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return status === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

function vitest(project: string): Counts {
  const report = join(reports, `${project}.json`);
  const runner = [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--project",
    project,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ];
  const { status } = spawnSync(process.execPath, runner, { stdio: "inherit" });
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const result = JSON.parse(readFileSync(report, "utf8")) as {
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
    numTodoTests: number;
  };
  // A file that does not load, or an error outside a test, fails the run without a failed test.
  const failed = Math.max(result.numFailedTests, status === 0 ? 0 : 1);
  return { passed: result.numPassedTests, failed, skipped: result.numPendingTests + result.numTodoTests };
}
