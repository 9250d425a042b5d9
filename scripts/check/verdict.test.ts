import { describe, expect, it } from "vitest";
import type { FileRun, Report, TestRun } from "./report.ts";
import { countsOf, flaky, joined, toRepeat, type Run } from "./verdict.ts";

const test = (name: string, outcome: TestRun["outcome"] = "passed", retries = 0): TestRun => ({ name, outcome, retries });
const file = (path: string, ...tests: TestRun[]): FileRun => ({
  path,
  failed: tests.some(({ outcome }) => outcome === "failed"),
  tests,
});
const run = (files: readonly FileRun[], strays: Report["strays"] = []): Run => ({
  succeeded: strays.length === 0 && files.every(({ failed }) => !failed),
  report: { files, strays },
});

const dead: Run = { succeeded: false, report: undefined };
const sound = file("a.test.ts", test("a1"), test("a2", "skipped"));
const broken = file("b.test.ts", test("b1"), test("b2", "failed"));
const mended = file("b.test.ts", test("b1"), test("b2"));
/** Its afterAll found something left on the host. */
const leaky: FileRun = { ...file("c.test.ts", test("c1")), failed: true };

describe("which files run again", () => {
  it.each<[string, Run, readonly string[]]>([
    ["none of a run that succeeded", run([sound]), []],
    ["the one with a test that failed", run([sound, broken]), ["b.test.ts"]],
    ["one whose hook failed", run([sound, leaky]), ["c.test.ts"]],
    ["one during which an error was thrown outside of any test", run([sound], ["a.test.ts"]), ["a.test.ts"]],
    ["each once", run([broken, leaky], ["b.test.ts"]), ["b.test.ts", "c.test.ts"]],
  ])("%s", (_, first, files) => expect(toRepeat(first, 600)).toEqual({ files }));

  const many = Array.from({ length: 9 }, (_, index) => file(`${index}.test.ts`, test("x", "failed")));
  it.each<[string, Run, number, string]>([
    ["without a report", dead, 600, "no report"],
    ["for an error of no file", run([broken], [undefined]), 600, "no file that is known"],
    ["for a runner that failed by itself", { ...run([sound]), succeeded: false }, 600, "without a file"],
    ["for more files than fail by mischance", run(many), 600, "9 files failed"],
    ["without time", run([broken]), 29, "29 s are left"],
  ])("none %s, which is said", (_, first, seconds, refusal) =>
    expect(toRepeat(first, seconds)).toEqual({ refusal: expect.stringContaining(refusal) as string }),
  );
});

describe("how the runs are counted", () => {
  it.each<[string, Run, object]>([
    ["tests", run([sound, broken]), { passed: 2, failed: 1, skipped: 1 }],
    ["a hook that failed as one", run([leaky]), { passed: 1, failed: 1, skipped: 0 }],
    ["an error outside of any test as one", run([sound], ["a.test.ts"]), { passed: 1, failed: 1, skipped: 1 }],
    ["a runner that failed by itself as one", { ...run([sound]), succeeded: false }, { passed: 1, failed: 1, skipped: 1 }],
    ["a report that is missing as one failure", dead, { passed: 0, failed: 1, skipped: 0 }],
  ])("%s", (_, one, counts) => expect(countsOf(one)).toEqual(counts));

  it.each<[string, Run, Run, object]>([
    ["what passes alone counts as passed", run([sound, broken]), run([mended]), { passed: 3, failed: 0, skipped: 1 }],
    ["what fails alone, too, as failed", run([sound, broken]), run([broken]), { passed: 2, failed: 1, skipped: 1 }],
    [
      "what fails alone only, as failed",
      run([broken]),
      run([file("b.test.ts", test("b1", "failed"), test("b2"))]),
      { passed: 1, failed: 1 },
    ],
    ["a second run without a report changes nothing", run([sound, broken]), dead, { passed: 2, failed: 1, skipped: 1 }],
    ["nor one that lacks the file", run([sound, broken]), run([]), { passed: 2, failed: 1, skipped: 1 }],
    ["nor has another file a say", run([sound, broken]), run([mended, file("a.test.ts")]), { passed: 3, failed: 0, skipped: 1 }],
    ["a hook may fail again", run([leaky]), run([leaky]), { passed: 1, failed: 1 }],
    ["a hook may not", run([leaky]), run([file("c.test.ts", test("c1"))]), { passed: 1, failed: 0 }],
    ["an error outside of any test may be gone", run([mended], ["b.test.ts"]), run([mended]), { passed: 2, failed: 0 }],
    ["or come again", run([mended], ["b.test.ts"]), run([mended], ["b.test.ts"]), { passed: 2, failed: 1 }],
    ["or come of nowhere", run([broken]), run([mended], [undefined]), { passed: 2, failed: 1 }],
    ["a second run that fails by itself fails", run([broken]), { ...run([mended]), succeeded: false }, { passed: 2, failed: 1 }],
  ])("%s", (_, first, again, counts) => {
    const { files } = toRepeat(first, 600) as { files: string[] };
    expect(countsOf(joined(first, again, files))).toMatchObject(counts);
  });
});

describe("what is said to be flaky", () => {
  const told = (first: Run, again: Run): string[] => flaky(first, joined(first, again, ["b.test.ts", "c.test.ts"]));

  it("is what failed in the first run and not in the second", () =>
    expect(told(run([broken]), run([mended]))).toEqual(["b.test.ts > b2 (passed when its file ran again, alone)"]));
  it("is what vitest tried again, also where the file had to run again", () => {
    const once = run([file("b.test.ts", test("b1", "passed", 1))]);
    expect(flaky(once, once)).toEqual(["b.test.ts > b1 (passed when it was tried again)"]);
    const more = run([file("b.test.ts", test("b1", "passed", 1), test("b2", "failed"))]);
    expect(told(more, run([mended]))).toEqual([
      "b.test.ts > b1 (passed when it was tried again)",
      "b.test.ts > b2 (passed when its file ran again, alone)",
    ]);
  });
  it("is a hook, and an error outside of any test", () => {
    expect(told(run([leaky]), run([file("c.test.ts", test("c1"))]))).toEqual([expect.stringContaining("a hook of it")]);
    expect(told(run([mended], ["b.test.ts"]), run([mended]))).toEqual([expect.stringContaining("outside of any test")]);
  });
  it("is nothing that fails again, or that was never told of", () => {
    expect(told(run([broken]), run([broken]))).toEqual([]);
    expect(told(run([broken]), dead)).toEqual([]);
    expect(told(dead, dead)).toEqual([]);
  });
});
