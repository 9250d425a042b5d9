import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { shapes } from "./shapes.ts";
import { validate } from "./validate.ts";

describe("a body of the API", () => {
  it("keeps what the specification knows, in its spelling, and drops the rest", () => {
    expect(
      validate("ContainerCreateBody", { image: "x", Unknown: 1, Cmd: ["a"], HostConfig: { memory: 5, Nope: {} }, Labels: { a: "b" } }),
    ).toEqual({
      Image: "x",
      Cmd: ["a"],
      HostConfig: { Memory: 5 },
      Labels: { a: "b" },
    });
  });

  it("takes null as absent, but keeps the keys of a map", () => {
    expect(validate("ContainerCreateBody", { Image: null, HostConfig: { Binds: null, PortBindings: { "80/tcp": null } } })).toEqual({
      HostConfig: { PortBindings: { "80/tcp": null } },
    });
    expect(validate("ContainerCreateBody", null)).toEqual({});
    expect(validate("ContainerCreateBody", undefined)).toEqual({});
  });

  it.each([
    [{ Image: 7 }, "field Image: want a string"],
    [{ Cmd: "sh" }, "field Cmd: want an array"],
    [{ Cmd: [1] }, "field Cmd[0]: want a string"],
    [{ HostConfig: "x" }, "field HostConfig: want an object"],
    [{ HostConfig: { Memory: 1.5 } }, "field HostConfig.Memory: want a 64-bit integer"],
    [{ HostConfig: { Memory: Infinity } }, "field HostConfig.Memory: want a 64-bit integer"],
    [{ HostConfig: { Privileged: "yes" } }, "field HostConfig.Privileged: want a boolean"],
    [{ Labels: ["a"] }, "field Labels: want an object"],
    [{ Image: "a", image: "b" }, "field Image is given twice"],
    [[], "the body: want an object"],
    ["text", "the body: want an object"],
  ])("%j is refused: %s", (body, message) => {
    expect(() => validate("ContainerCreateBody", body)).toThrow(message);
  });

  it("takes __proto__ and constructor as plain names", () => {
    const body = JSON.parse(
      '{"Labels":{"__proto__":"x","constructor":"y"},"__proto__":{"Image":"evil"},"HostConfig":{"__proto__":{"Privileged":true}}}',
    ) as unknown;
    const checked = validate("ContainerCreateBody", body) as {
      Labels: Record<string, string>;
      Image?: string;
      HostConfig: { Privileged?: boolean };
    };
    expect(Object.entries(checked.Labels)).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
    expect([checked.Image, checked.HostConfig.Privileged]).toEqual([undefined, undefined]);
  });
});

const specification = new URL("../../../../shared/api/engine-api-v1.55.yaml", import.meta.url);

describe.skipIf(!existsSync(specification))("the generated shapes", () => {
  it("know every definition of the specification", () => {
    const { definitions } = parse(readFileSync(specification, "utf8")) as { definitions: object };
    expect(Object.keys(shapes)).toEqual(expect.arrayContaining(Object.keys(definitions)));
  });
});

it("a null in a list is what Go makes of it: a value of nothing", () => {
  const body = { Env: ["A=b", null], HostConfig: { Mounts: [null], GroupAdd: [null] } };
  expect(validate("ContainerCreateBody", body)).toEqual({ Env: ["A=b", ""], HostConfig: { Mounts: [{}], GroupAdd: [""] } });
});
