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
import type { Report } from "./check/report.ts";
import { countsOf, flaky, joined, toRepeat, type Counts, type Run } from "./check/verdict.ts";

/** CI ends after 20 minutes; what runs again has ended by then, and takes no longer than this. */
const CI_SECONDS = 18.5 * 60;
const REPEAT_SECONDS = 5 * 60;

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
const total = { passed: 0, failed: 0, skipped: 0 };
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

/** On CI, whose machines are shared, the files that failed run once more, alone, and that decides. At home every failure counts. */
function vitest(project: string): Counts {
  const first = run(project, []);
  if (first.succeeded || process.env["CI"] === undefined) return told(first, first);
  const left = secondsLeft();
  const repeat = toRepeat(first, left);
  if ("refusal" in repeat) {
    console.log(`\n    nothing runs again: ${repeat.refusal}`);
    return told(first, first);
  }
  console.log(`\n==> ${project}, again and alone: ${repeat.files.join(" ")}`);
  const alone = ["--maxWorkers=1", "--no-file-parallelism", "--retry=0", ...repeat.files];
  return told(first, joined(first, run(project, alone, left), repeat.files));
}

function run(project: string, more: readonly string[], seconds?: number): Run {
  const path = join(reports, `${project}.json`);
  rmSync(path, { force: true });
  const reporters = ["--reporter=default", "--reporter=./scripts/check/reporter.ts"];
  const { status } = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "--project", project, ...reporters, ...more], {
    stdio: "inherit",
    env: { ...process.env, DHOW_CHECK_REPORT: path },
    ...(seconds === undefined ? {} : { timeout: Math.trunc(seconds * 1000) }),
  });
  const report = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Report) : undefined;
  return { succeeded: status === 0, report };
}

function told(first: Run, last: Run): Counts {
  for (const line of flaky(first, last)) console.log(`    flaky: ${line}`);
  return countsOf(last);
}

function secondsLeft(): number {
  const began = Number(process.env["DHOW_CHECK_BEGAN"] ?? Date.now() / 1000 - process.uptime());
  return Math.min(REPEAT_SECONDS, began + CI_SECONDS - Date.now() / 1000);
}
