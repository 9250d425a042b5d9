import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EngineError, isEngineError } from "#errors/engine-error.ts";
import { makePlan } from "./make-plan.ts";
import type { BuildPlan, PlanOptions } from "./plan.ts";
import { fakeImages, planOptions } from "./testing/fake-images.ts";

const planOf = (source: string, options: Partial<PlanOptions> = {}): Promise<BuildPlan> =>
  makePlan(planOptions(source, options), fakeImages());
const digestOf = async (source: string, options: Partial<PlanOptions> = {}): Promise<string | undefined> => {
  const plan = await planOf(source, options);
  return plan.steps[plan.target.result]?.digest;
};

describe("identity of steps", () => {
  it.each([
    ["the command", "FROM base\nRUN a", "FROM base\nRUN b"],
    ["an ENV", "FROM base\nENV A=1\nRUN a", "FROM base\nENV A=2\nRUN a"],
    ["an ARG's value", "FROM base\nARG A=1\nRUN a", "FROM base\nARG A=2\nRUN a"],
    ["the user", "FROM base\nRUN a", "FROM base\nUSER u\nRUN a"],
    ["the working directory", "FROM base\nWORKDIR /a\nRUN a", "FROM base\nWORKDIR /b\nRUN a"],
    ["the shell", "FROM base\nRUN a", 'FROM base\nSHELL ["/bin/bash","-c"]\nRUN a'],
    ["a mount", "FROM base\nRUN a", "FROM base\nRUN --mount=type=tmpfs,target=/t a"],
    ["the network", "FROM base\nRUN a", "FROM base\nRUN --network=none a"],
    ["the base", "FROM base\nRUN a", "FROM other\nRUN a"],
    [
      "a stage that is copied from",
      "FROM base AS x\nRUN 1\nFROM base\nCOPY --from=x /a /",
      "FROM base AS x\nRUN 2\nFROM base\nCOPY --from=x /a /",
    ],
    ["the owner of a copy", "FROM base\nCOPY a /", "FROM base\nCOPY --chown=1 a /"],
    ["the text of a here-document", "FROM base\nCOPY <<a /\n1\na\n", "FROM base\nCOPY <<a /\n2\na\n"],
  ])("changes with %s", async (_, one, other) => {
    expect(await digestOf(one)).not.toBe(await digestOf(other));
  });

  it.each([
    ["comments and empty lines", "FROM base\nRUN a", "# x\n\nFROM base\n# y\nRUN a"],
    ["a stage's name", "FROM base\nRUN a", "FROM base AS b\nRUN a"],
    ["a stage that is not needed", "FROM base\nRUN a", "FROM other\nRUN z\nFROM base\nRUN a"],
    ["what changes the configuration only", "FROM base\nRUN a", 'FROM base\nLABEL a=b\nCMD ["x"]\nEXPOSE 80\nRUN a'],
  ])("does not change with %s", async (_, one, other) => {
    expect(await digestOf(one)).toBe(await digestOf(other));
  });

  it("knows nothing of proxies, and of the target platform's name only what is asked for", async () => {
    const source = "FROM base\nRUN a";
    expect(await digestOf(source, { buildArgs: { http_proxy: "http://x" } })).toBe(await digestOf(source));
    expect(await digestOf("FROM base\nARG http_proxy\nRUN a", { buildArgs: { http_proxy: "http://x" } })).not.toBe(await digestOf(source));
  });

  it("has every step after all that it reads", async () => {
    const plan = await planOf("FROM a AS a\nRUN 1\nFROM b AS b\nCOPY --from=a / /\nFROM b\nRUN --mount=from=a,target=/x 2\nCOPY x y");
    plan.steps.forEach((step, index) => expect(step.inputs.every((input) => input < index)).toBe(true));
  });
});

describe("images", () => {
  it("asks once for each that the target needs, and for no other", async () => {
    const images = fakeImages();
    const source =
      "FROM never AS unused\nRUN x\nFROM --platform=linux/arm64 base AS arm\nFROM base\nCOPY --from=base / /\nCOPY --from=arm / /";
    await makePlan(planOptions(source), images);
    expect(images.asked.toSorted()).toEqual(["base linux/amd64", "base linux/arm64"]);
  });

  it("keeps the category of what an image could not be had for, and the cause", async () => {
    const failed = planOf("FROM missing:1");
    await expect(failed).rejects.toMatchObject({ category: "not-found", message: expect.stringContaining(">>> FROM missing:1") });
    const cancelled = makePlan(planOptions("FROM base"), {
      resolveBase: () => Promise.reject(new EngineError("cancelled", "the client left")),
    });
    await expect(cancelled).rejects.toMatchObject({ category: "cancelled", message: "the client left" });
  });

  it("puts labels of the build over those of the file", async () => {
    const plan = await planOf("FROM base\nLABEL a=file b=file", { labels: { b: "build", c: "build" } });
    expect(plan.target.image.config.Labels).toEqual({ a: "file", b: "build", c: "build" });
  });
});

it("keeps each stage's configuration its own, and every name that a label may have", async () => {
  const plan = await planOf(
    "FROM base AS a\nENV X=1\nLABEL __proto__=p l=a\nVOLUME /a\nFROM a AS b\nENV X=2 Y=3\nLABEL l=b\nVOLUME /b\nFROM a\nCOPY --from=b / /",
  );
  const config = (index: number) => plan.stages[index]?.image.config;
  expect(config(0)?.Env).toEqual(["PATH=/usr/bin:/bin", "X=1"]);
  expect(config(1)?.Env).toEqual(["PATH=/usr/bin:/bin", "X=2", "Y=3"]);
  expect(JSON.stringify([0, 1, 2].map((index) => config(index)?.Labels))).toBe(
    '[{"__proto__":"p","l":"a"},{"__proto__":"p","l":"b"},{"__proto__":"p","l":"a"}]',
  );
  expect([0, 1, 2].map((index) => Object.keys(config(index)?.Volumes ?? {}))).toEqual([["/a"], ["/a", "/b"], ["/a"]]);
});

describe("bounds", () => {
  it.each([
    ["a file of more than 4 MiB", `FROM base\n${"#\n".repeat(2 * 1024 * 1024 + 10)}`, "larger than"],
    ["a line of more than 64 KiB", `FROM base\nRUN ${"x".repeat(70_000)}`, "greater than max allowed size"],
    ["ten thousand instructions", `FROM base\n${"ENV a=b\n".repeat(10_001)}`, "more than 10000 instructions"],
    ["a thousand stages", "FROM base\n".repeat(1001), "more than 1000 stages"],
    ["layers that no kernel stacks", `FROM base\n${"RUN x\n".repeat(500)}`, "more than 500 layers"],
    ["variables that double", `FROM base\nENV v=${"x".repeat(1000)}\n${"ENV v=$v$v\n".repeat(40)}`, "expands to more than"],
    ["ranges of ports without end", `FROM base\n${"EXPOSE 0-65535\n".repeat(1000)}`, "too many ports"],
    [
      "ten thousand variables",
      `FROM base\n${Array.from({ length: 1100 }, (_, line) => `ENV ${Array.from({ length: 10 }, (__, index) => `v${line}_${index}=x`).join(" ")}`).join("\n")}`,
      "than a process can be given",
    ],
    ["patterns that cost too much", `FROM base\nENV a=${"a".repeat(5000)}\nENV c=\${a//${"*a".repeat(100)}b/x}`, "too many steps"],
    [
      "more variables than a process takes",
      `FROM base\nENV v=${"x".repeat(60_000)}\n${Array.from({ length: 20 }, (_, index) => `ENV v${index}=$v`).join("\n")}`,
      "than a process can be given",
    ],
    ["substitutions in substitutions", `FROM base\nENV v=${"${a:-".repeat(5000)}`, "nested more than"],
  ])("refuses %s", async (_, source, message) => {
    await expect(planOf(source)).rejects.toThrow(message);
  });

  it("plans a thousand stages that stand on each other", async () => {
    const stages = Array.from({ length: 999 }, (_, index) => `FROM s${index} AS s${index + 1}`);
    const plan = await planOf(["FROM base AS s0", ...stages].join("\n"));
    expect(plan.stages).toHaveLength(1000);
  });

  it("answers patterns with many stars at once", async () => {
    const plan = await planOf(`FROM base\nENV a=${"a".repeat(5000)}\nENV b=\${a%%${"*a".repeat(100)}b} c=\${a//x*/y}`);
    expect(plan.target.image.config.Env?.at(-1)).toMatch(/^c=a+$/);
  });
});

describe("whatever the bytes", () => {
  const bytes = fc.uint8Array({ maxLength: 400 });
  const words = fc.constantFrom(
    ..."FROM RUN COPY ADD ENV ARG ONBUILD LABEL CMD EXPOSE HEALTHCHECK WORKDIR base scratch AS a b 0 / . <<EOF EOF <<-'X' X --from=a --mount=type=cache,target=/x --chmod=u+x".split(
      " ",
    ),
    ...'$x ${x:-y} ${x##*} ${x/a/b} ${ " \' \\ ` # ["a"] [1] = A=1 \n \r\n \n\n \t # escape=` # check=error=true --platform=$BUILDPLATFORM'.split(
      " ",
    ),
    "\n",
    " ",
    "# escape=`\n",
  );
  const lines = fc.array(words, { maxLength: 60 }).map((list) => Buffer.from(`FROM base\n${list.join(" ")}`));

  it.each([
    ["any", bytes],
    ["words of the language", lines],
  ])("comes to a plan, or to an error with its place: %s", async (_, arbitrary) => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async (source) => {
        const result = await makePlan(planOptions(source), fakeImages()).catch((error: unknown) => error);
        if (result instanceof Error) {
          expect(isEngineError(result, "invalid")).toBe(true);
          expect(result.message).toMatch(/\nDockerfile:\d+\n|lint violation/);
        } else expect((result as BuildPlan).target).toBeDefined();
      }),
      { numRuns: 600 },
    );
  });
});
