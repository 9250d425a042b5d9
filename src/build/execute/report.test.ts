import { expect, it } from "vitest";
import type { BuildMessage } from "../build-input.ts";
import type { BuildPlan } from "../plan/plan.ts";
import { BuildReport } from "./report.ts";

/** Two stages of a base and a command each; the second stands on the first's base. */
const line = (text: string, step: number) => ({ text, step, range: { first: 1, last: 1 }, note: undefined });
const stages = [
  { lines: [line("FROM a", 0), line("RUN one", 1), line("ENV x=1", 1)] },
  { lines: [line("FROM a", 0), line("RUN two", 2)] },
] as unknown as BuildPlan["stages"];

function reported(): { report: BuildReport; shown: () => string } {
  const messages: BuildMessage[] = [];
  const sink = { push: (message: BuildMessage) => void messages.push(message), room: () => Promise.resolve() };
  const shown = (): string => messages.map((message) => ("stream" in message ? message.stream : "")).join("");
  return { report: new BuildReport(sink, { stages }, { name: "Dockerfile", bytes: Buffer.from("FROM a\nRUN two\n") }), shown };
}

it("shows steps in the order of the file, whichever ends first", async () => {
  const { report, shown } = reported();
  report.running(2, "c2".repeat(32));
  await report.output(2, "from two\n");
  report.done(2, { id: `sha256:${"2".repeat(64)}`, cached: false });
  report.done(0, { id: `sha256:${"0".repeat(64)}`, cached: false });
  report.running(1, "c1".repeat(32));
  await report.output(1, "from one\n");
  expect(shown()).toBe("Step 1/5 : FROM a\n ---> 000000000000\nStep 2/5 : RUN one\n ---> Running in c1c1c1c1c1c1\nfrom one\n");
  report.done(1, { id: `sha256:${"1".repeat(64)}`, cached: false });
  expect(shown().split("\n").slice(5)).toEqual([
    " ---> Removed intermediate container c1c1c1c1c1c1",
    " ---> 111111111111",
    "Step 3/5 : ENV x=1",
    " ---> 111111111111",
    "Step 4/5 : FROM a",
    " ---> 000000000000",
    "Step 5/5 : RUN two",
    " ---> Running in c2c2c2c2c2c2",
    "from two",
    " ---> Removed intermediate container c2c2c2c2c2c2",
    " ---> 222222222222",
    "",
  ]);
});

it("shows the step that failed, and what it wrote, though others were before it", async () => {
  const { report, shown } = reported();
  report.running(2, "c2".repeat(32));
  await report.output(2, "went wrong\n");
  report.failed(2, { first: 2, last: 2 });
  expect(shown()).toBe(
    "Step 1/5 : FROM a\nStep 5/5 : RUN two\n ---> Running in c2c2c2c2c2c2\nwent wrong\nDockerfile:2\n--------------------\n   1 |     FROM a\n   2 | >>> RUN two\n   3 |     \n--------------------\n",
  );
});

it("says so of what came out of the cache", () => {
  const { report, shown } = reported();
  report.done(0, { id: "sha256:00", cached: false });
  report.done(1, { id: "sha256:11", cached: true });
  expect(shown()).toContain("Step 2/5 : RUN one\n ---> Using cache\n ---> 11\n");
});

it("keeps no more than it can of what waits for its turn", async () => {
  const { report, shown } = reported();
  for (let times = 0; times < 40; times++) await report.output(2, "x".repeat(100_000));
  report.done(0, { id: "sha256:00", cached: false });
  report.done(1, { id: "sha256:11", cached: false });
  report.done(2, { id: "sha256:22", cached: false });
  expect(shown()).toContain("[output clipped");
  expect(shown().length).toBeLessThan(1_200_000);
});
