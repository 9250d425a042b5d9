import type { FileRun, Report } from "./report.ts";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A run of the test runner; without a report where it did not come to its end. */
export interface Run {
  readonly succeeded: boolean;
  readonly report: Report | undefined;
}

/** More than this is no mischance of a machine: it is what the change did. */
const MOST_FILES = 8;

/** Less time than this suffices for no file that starts a daemon. */
const LEAST_SECONDS = 30;

/** What is to run once more, or why nothing is. */
export type Repeat = { readonly files: readonly string[] } | { readonly refusal: string };

/**
 * Which files of a run that failed get a second chance, alone. Only where their passing would make the run pass: with an error that
 * belongs to no file, or a runner that died, it could not.
 */
export function toRepeat({ succeeded, report }: Run, secondsLeft: number): Repeat {
  if (succeeded) return { files: [] };
  if (report === undefined) return { refusal: "the runner left no report" };
  if (report.strays.includes(undefined)) return { refusal: "an error was thrown outside of any test, in no file that is known" };
  const files = failedFiles(report);
  if (files.length === 0) return { refusal: "the runner failed without a file that did" };
  if (files.length > MOST_FILES) return { refusal: `${files.length} files failed, and more than ${MOST_FILES} are no mischance` };
  if (secondsLeft < LEAST_SECONDS) return { refusal: `only ${Math.round(secondsLeft)} s are left` };
  return { files };
}

/** The first run with those files in it as they came out when they were alone. One that the second run does not report stays as it was. */
export function joined(first: Run, again: Run, repeated: readonly string[]): Run {
  if (first.report === undefined || again.report === undefined) return first;
  const second = new Map(again.report.files.map((file) => [file.path, file]));
  const told = repeated.filter((path) => second.has(path));
  const files = first.report.files.map((file) => (told.includes(file.path) ? (second.get(file.path) ?? file) : file));
  const strays = first.report.strays.filter((path) => path === undefined || !told.includes(path));
  const report = { files, strays: [...strays, ...again.report.strays] };
  return { succeeded: again.succeeded && failedFiles(report).length === 0, report };
}

/** A file that fails without a failed test, and an error outside of any, count as one failed test. */
export function countsOf({ succeeded, report }: Run): Counts {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const tests = report.files.flatMap((file) => file.tests);
  const count = (outcome: string): number => tests.filter((test) => test.outcome === outcome).length;
  const failed = report.files.reduce((sum, file) => sum + failuresOf(file), 0) + report.strays.length;
  return { passed: count("passed"), failed: Math.max(failed, succeeded ? 0 : 1), skipped: count("skipped") };
}

/** What failed at first and passed in the end: a line each, so that nobody takes it for sound. */
export function flaky(first: Run, last: Run): string[] {
  const failures = new Set((first.report?.files ?? []).flatMap(failureLines));
  const strays = (first.report?.strays ?? []).filter((path) => path !== undefined && !(last.report?.strays ?? []).includes(path));
  const stillFail = new Set((last.report?.files ?? []).flatMap(failureLines));
  return [
    ...[...new Set([...retried(first), ...retried(last)])].map((line) => `${line} (passed when it was tried again)`),
    ...[...failures].filter((line) => !stillFail.has(line)).map((line) => `${line} (passed when its file ran again, alone)`),
    ...strays.map((path) => `${path}: an error outside of any test (none when the file ran again, alone)`),
  ];
}

function retried(run: Run): string[] {
  return (run.report?.files ?? []).flatMap(({ path, tests }) =>
    tests.filter(({ outcome, retries }) => outcome === "passed" && retries > 0).map(({ name }) => `${path} > ${name}`),
  );
}

function failedFiles({ files, strays }: Report): string[] {
  const failed = files.filter((file) => failuresOf(file) > 0).map((file) => file.path);
  return [...new Set([...failed, ...strays.filter((path) => path !== undefined)])];
}

function failuresOf(file: FileRun): number {
  return Math.max(file.tests.filter(({ outcome }) => outcome === "failed").length, file.failed ? 1 : 0);
}

function failureLines(file: FileRun): string[] {
  if (failuresOf(file) === 0) return [];
  const tests = file.tests.filter(({ outcome }) => outcome === "failed").map(({ name }) => `${file.path} > ${name}`);
  return tests.length > 0 ? tests : [`${file.path} (a hook of it, or its loading)`];
}
