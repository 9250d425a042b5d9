import { describe, expect, it } from "vitest";
import { containerOf, definitionText, stateText, type ContainerRow } from "./container-rows.ts";
import { statusOf, type Container } from "./container.ts";

const container: Container = {
  id: "a".repeat(64),
  name: "web",
  created: 1000,
  config: { Labels: { a: "b" } },
  hostConfig: {},
  endpoints: {},
  image: { id: `sha256:${"b".repeat(64)}`, reference: "app", os: "linux", topLayer: undefined, manifest: undefined },
  mounts: [],
  restartCount: 2,
  state: { status: "exited", last: { startedAt: 1, finishedAt: 2, exitCode: 3, oomKilled: false, error: "" }, stopRequested: true },
};

const row: ContainerRow = {
  id: container.id,
  name: container.name,
  created: container.created,
  definition: definitionText(container),
  state: stateText(container),
};

it("comes back as it went in", () => {
  expect(containerOf(row)).toEqual({ container, problems: [] });
});

describe("a definition that was damaged", () => {
  it.each([
    "",
    "{",
    "null",
    "[]",
    "{}",
    '{"config":{}}',
    row.definition.replace('"mounts":[]', '"mounts":[{}]'),
    row.definition.slice(0, -9),
  ])("leaves a dead container: %s", (definition) => {
    const { container: dead, problems } = containerOf({ ...row, definition });
    expect(problems).toEqual([expect.stringContaining("its definition cannot be read")]);
    expect(dead).toMatchObject({ id: container.id, name: "web", state: container.state, damage: expect.stringContaining("damaged") });
    expect(statusOf(dead)).toBe("dead");
    expect(statusOf({ ...dead, state: { status: "running", pid: 1, startedAt: 1, stopRequested: false } })).toBe("running");
  });
});

describe("a state that was damaged", () => {
  it.each([
    "",
    "x",
    "null",
    '{"restartCount":0}',
    '{"state":{"status":"toString"},"restartCount":0}',
    '{"state":{"status":"exited"},"restartCount":0}',
  ])("leaves one that has exited: %s", (state) => {
    const { container: found, problems } = containerOf({ ...row, state });
    expect(problems).toEqual([expect.stringContaining("its state cannot be read")]);
    expect(found).toMatchObject({ config: container.config, restartCount: 0, state: { status: "exited", last: { exitCode: 255 } } });
    expect(found.damage).toBeUndefined();
  });
});
