import { describe, expect, test } from "vitest";
import type { ContainerConfig } from "#spec/docker-api/types.ts";
import type { ImageRunConfig } from "#spec/oci-image/types.ts";
import { mergeConfig } from "./merge-config.ts";

const run = { Cmd: ["x"] };

test("labels that this engine acts on are the user's alone", () => {
  const merged = mergeConfig(
    { ...run, Labels: { "dhow.a": "mine" } },
    { Labels: { "dhow.a": "1", "dhow.b": "2", dhow: "3", "com.dhow.x": "4" } },
  );
  expect(merged.Labels).toEqual({ dhow: "3", "com.dhow.x": "4", "dhow.a": "mine" });
});

describe("the command", () => {
  test.each<[string, ContainerConfig, ImageRunConfig, string[] | undefined, string[] | undefined]>([
    ["nothing given", {}, { Entrypoint: ["/e"], Cmd: ["c"] }, ["/e"], ["c"]],
    ["Cmd alone keeps the image's entrypoint", { Cmd: ["a"] }, { Entrypoint: ["/e"], Cmd: ["c"] }, ["/e"], ["a"]],
    ["Entrypoint resets the image's Cmd", { Entrypoint: ["/mine"] }, { Entrypoint: ["/e"], Cmd: ["c"] }, ["/mine"], undefined],
    ["Entrypoint and Cmd", { Entrypoint: ["/mine"], Cmd: ["a"] }, { Entrypoint: ["/e"], Cmd: ["c"] }, ["/mine"], ["a"]],
    ["an empty Entrypoint clears the image's", { Entrypoint: [], Cmd: ["a"] }, { Entrypoint: ["/e"], Cmd: ["c"] }, [], ["a"]],
    ["[''] clears it too", { Entrypoint: [""], Cmd: ["a"] }, { Entrypoint: ["/e"], Cmd: ["c"] }, undefined, ["a"]],
    ["an empty Entrypoint leaves the image's Cmd", { Entrypoint: [] }, { Entrypoint: ["/e"], Cmd: ["c"] }, [], ["c"]],
    ["an image's [''] is none", {}, { Entrypoint: [""], Cmd: ["c"] }, undefined, ["c"]],
    ["an image's null is none", {}, { Entrypoint: null, Cmd: ["c"] }, undefined, ["c"]],
  ])("%s", (_name, user, image, entrypoint, command) => {
    const merged = mergeConfig(user, image);
    expect(merged.Entrypoint).toEqual(entrypoint);
    expect(merged.Cmd).toEqual(command);
  });

  test.each<[string, ContainerConfig, ImageRunConfig]>([
    ["nothing anywhere", {}, {}],
    ["Entrypoint [''] and no Cmd", { Entrypoint: [""] }, { Entrypoint: ["/e"], Cmd: ["c"] }],
    ["no image configuration", {}, undefined as unknown as ImageRunConfig],
  ])("is refused when there is none: %s", (_name, user, image) => {
    expect(() => mergeConfig(user, image)).toThrow("no command specified");
  });

  test("ArgsEscaped comes with the image's Cmd", () => {
    expect(mergeConfig({}, { Cmd: ["c"], ArgsEscaped: true }).ArgsEscaped).toBe(true);
    expect(mergeConfig({ Cmd: ["a"] }, { Cmd: ["c"], ArgsEscaped: true }).ArgsEscaped).toBeUndefined();
  });
});

test.each<[string[] | undefined, string[] | null, string[]]>([
  [undefined, ["PATH=/bin", "A=1"], ["PATH=/bin", "A=1"]],
  [["A=2"], ["PATH=/bin", "A=1"], ["A=2", "PATH=/bin"]],
  [["A"], ["A=1"], ["A"]],
  [["B=1", "B=2"], ["A=1"], ["B=1", "B=2", "A=1"]],
  [["A="], ["A=1"], ["A="]],
  [["AB=1"], ["A=1"], ["AB=1", "A=1"]],
  [undefined, null, []],
])("variables: %j over %j is %j", (user, image, expected) => {
  expect(mergeConfig({ ...run, Env: user }, { Env: image }).Env).toEqual(expected);
});

test("labels, ports and volumes are joined by key, the user's first", () => {
  const merged = mergeConfig(
    { ...run, Labels: { a: "mine" }, ExposedPorts: { "80/tcp": {} }, Volumes: { "/mine": {} } },
    { Labels: { a: "image", b: "image" }, ExposedPorts: { "443/tcp": {} }, Volumes: { "/data": {} } },
  );
  expect({ ...merged.Labels }).toEqual({ a: "mine", b: "image" });
  expect(Object.keys(merged.ExposedPorts ?? {})).toEqual(["443/tcp", "80/tcp"]);
  expect(Object.keys(merged.Volumes ?? {}).toSorted()).toEqual(["/data", "/mine"]);
});

test("a label named __proto__ is a label", () => {
  const labels = JSON.parse('{"__proto__":"x"}') as Record<string, string>;
  const merged = mergeConfig({ ...run, Labels: labels }, {});
  expect(Object.keys(merged.Labels ?? {})).toEqual(["__proto__"]);
  expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
});

test.each(["User", "WorkingDir", "StopSignal"] as const)("%s is the image's unless the user says another", (field) => {
  expect(mergeConfig(run, { [field]: "image" })[field]).toBe("image");
  expect(mergeConfig({ ...run, [field]: "" }, { [field]: "image" })[field]).toBe("image");
  expect(mergeConfig({ ...run, [field]: "mine" }, { [field]: "image" })[field]).toBe("mine");
});

test("a health check is completed field by field; NONE is kept", () => {
  const image = { Test: ["CMD", "true"], Interval: 5e9, Retries: 3 };
  expect(mergeConfig(run, { Healthcheck: image }).Healthcheck).toEqual(image);
  expect(mergeConfig({ ...run, Healthcheck: { Interval: 1e9 } }, { Healthcheck: image }).Healthcheck).toMatchObject({
    Test: ["CMD", "true"],
    Interval: 1e9,
    Retries: 3,
  });
  expect(mergeConfig({ ...run, Healthcheck: { Test: ["NONE"] } }, { Healthcheck: image }).Healthcheck?.Test).toEqual(["NONE"]);
});
