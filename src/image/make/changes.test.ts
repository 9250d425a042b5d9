import { describe, expect, it } from "vitest";
import { applyChanges } from "./changes.ts";

describe("applyChanges", () => {
  it.each<[string, object]>([
    ['CMD ["sh","-c","x"]', { Cmd: ["sh", "-c", "x"] }],
    ["cmd echo 'a b'", { Cmd: ["/bin/sh", "-c", "echo 'a b'"] }],
    ['CMD ["sh"', { Cmd: ["/bin/sh", "-c", '["sh"'] }],
    ['ENTRYPOINT ["/x"]', { Entrypoint: ["/x"] }],
    ['ENV A=1 B="two words" C=a\\ b', { Env: ["A=1", "B=two words", "C=a b"] }],
    ["ENV A the rest = of it", { Env: ["A=the rest = of it"] }],
    ["EXPOSE 80 53/UDP", { ExposedPorts: { "80/tcp": {}, "53/udp": {} } }],
    ["LABEL a=b 'c d'=e", { Labels: { a: "b", "c d": "e" } }],
    ["ONBUILD RUN x", { OnBuild: ["RUN x"] }],
    ["STOPSIGNAL SIGINT", { StopSignal: "SIGINT" }],
    ["USER 1000:1000", { User: "1000:1000" }],
    ["VOLUME /a /b", { Volumes: { "/a": {}, "/b": {} } }],
    ['VOLUME ["/a b"]', { Volumes: { "/a b": {} } }],
    ["WORKDIR /a/../b", { WorkingDir: "/b" }],
    ["HEALTHCHECK NONE", { Healthcheck: { Test: ["NONE"] } }],
    [
      "HEALTHCHECK --interval=5s --retries=3 CMD curl -f x",
      { Healthcheck: { Test: ["CMD-SHELL", "curl -f x"], Interval: 5_000_000_000, Retries: 3 } },
    ],
    ['HEALTHCHECK CMD ["true"]', { Healthcheck: { Test: ["CMD", "true"] } }],
    ["# a comment", {}],
  ])("%s", (change, expected) => {
    expect(applyChanges({}, [change])).toEqual(expected);
  });

  it("goes on from what is there", () => {
    const before = { Env: ["PATH=/bin", "A=0"], Labels: { a: "b" }, WorkingDir: "/x" };
    expect(applyChanges(before, ["ENV A=1\nLABEL c=d", "WORKDIR y"])).toEqual({
      Env: ["PATH=/bin", "A=1"],
      Labels: { a: "b", c: "d" },
      WorkingDir: "/x/y",
    });
    expect(before.Env).toEqual(["PATH=/bin", "A=0"]);
  });

  it.each([
    ["RUN x", "RUN is not a valid change command"],
    ["__proto__ x", "is not a valid change command"],
    ["ENV", "ENV requires at least one argument"],
    ["ENV A=1 B", "Must be of the form: name=value"],
    ["ENV =1", "names can not be blank"],
    ["ENV A='x", "a quote is not closed"],
    ["EXPOSE 70000", "invalid containerPort: 70000"],
    ["EXPOSE x", "invalid containerPort: x"],
    ["USER a b", "USER requires exactly one argument"],
    ["ONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger"],
    ['VOLUME [""]', "VOLUME specified can not be an empty string"],
    ["HEALTHCHECK x", "Unknown type"],
    ["HEALTHCHECK --x=1 CMD y", "invalid flag --x=1"],
  ])("refuses %s", (change, message) => {
    expect(() => applyChanges({}, [change])).toThrow(
      expect.objectContaining({ category: "invalid", message: expect.stringContaining(message) }),
    );
  });
});
