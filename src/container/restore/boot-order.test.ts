import { describe, expect, test } from "vitest";
import type { Container } from "../record/container.ts";
import { bootOrder, parseDependsOn } from "./boot-order.ts";
import { readiness, type Awaited, type Readiness } from "./readiness.ts";

test("the label as Compose writes it", () => {
  expect(parseDependsOn("db:service_healthy:true,cache:service_started:false,job:service_completed_successfully:false")).toEqual([
    { service: "db", condition: "service_healthy", restart: true },
    { service: "cache", condition: "service_started", restart: false },
    { service: "job", condition: "service_completed_successfully", restart: false },
  ]);
});

test.each([
  ["", []],
  [",,:", []],
  ["db", [{ service: "db", condition: "service_started", restart: false }]],
  ["db:service_sleepy:true", []],
])("what else may stand there: %j", (text, expected) => {
  expect(parseDependsOn(text)).toEqual(expected);
});

/** `web<db:service_healthy` in project p; `@x` joins the network of container x. */
function container(text: string, project = "p", oneOff = "False"): Container {
  const [name = "", dependsOn = ""] = text.split("<");
  const joined = dependsOn.startsWith("@") ? { NetworkMode: `container:${dependsOn.slice(1)}` } : {};
  return {
    id: name,
    name,
    engineLabels: {
      "com.docker.compose.project": project,
      "com.docker.compose.service": name.replace(/-\d$/, ""),
      "com.docker.compose.oneoff": oneOff,
      ...(joined.NetworkMode === undefined ? { "com.docker.compose.depends_on": dependsOn } : {}),
    },
    hostConfig: joined,
  } as unknown as Container;
}

function order(
  all: readonly Container[],
  starting = all.map(({ id }) => id),
): { waits: Record<string, string>; remarks: readonly string[] } {
  const { waits, remarks } = bootOrder(all, new Set(starting));
  const shown = [...waits].map(([id, list]) => [id, list.map((wait) => `${wait.id} ${wait.condition}`).join(", ")]);
  return { waits: Object.fromEntries(shown.filter(([, list]) => list !== "")) as Record<string, string>, remarks };
}

describe("who waits for whom", () => {
  test("every container of the service, in the same project, one-off runs left out", () => {
    const all = [
      container("web<db:service_healthy:false"),
      container("db-1"),
      container("db-2"),
      container("db-3", "p", "True"),
      container("db-4", "other"),
    ];
    expect(order(all).waits).toEqual({ web: "db-1 service_healthy, db-2 service_healthy" });
  });

  test("the container whose network is joined, whoever made it", () => {
    expect(order([container("side<@main"), { ...container("main"), engineLabels: undefined }]).waits).toEqual({
      side: "main service_started",
    });
  });

  test("a service without a container is named, and not waited for", () => {
    expect(order([container("web<db:service_started:false")])).toEqual({
      waits: {},
      remarks: ["web depends on the service db, which has no container"],
    });
  });

  test("a circle is cut, and named", () => {
    const circle = ["a<b:service_started", "b<c:service_started", "c<a:service_started", "d<a:service_started"].map((text) =>
      container(text),
    );
    expect(order(circle)).toEqual({
      waits: { a: "b service_started", b: "c service_started", d: "a service_started" },
      remarks: ["c and a wait for each other: c does not wait"],
    });
    expect(order([container("a<a:service_started")]).waits).toEqual({});
  });

  test("who is not about to be started waits for nobody", () => {
    expect(order([container("web<db:service_started"), container("db")], ["db"]).waits).toEqual({});
  });

  test("labels of no project order nothing", () => {
    const bare = { ...container("web<db:service_started"), engineLabels: { "com.docker.compose.depends_on": "db:service_started" } };
    expect(order([bare, container("db")]).waits).toEqual({});
  });
});

describe("readiness", () => {
  const last = { startedAt: 0, finishedAt: 1, exitCode: 0, oomKilled: false, error: "" };
  const states = {
    created: { status: "created" },
    running: { status: "running", pid: 1, startedAt: 0, stopRequested: false },
    exited0: { status: "exited", last, stopRequested: false },
    exited1: { status: "exited", last: { ...last, exitCode: 1 }, stopRequested: false },
    restarting: { status: "restarting", last },
  } as const;
  const health = (status: "starting" | "healthy" | "unhealthy"): Awaited["health"] => ({ status, failingStreak: 0, log: [] });
  type Case = readonly [Parameters<typeof readiness>[0], keyof typeof states, Awaited["health"], boolean, Readiness];

  test.each<Case>([
    ["service_started", "running", undefined, false, "ready"],
    ["service_started", "running", health("unhealthy"), false, "ready"],
    ["service_started", "exited1", undefined, true, "not-yet"],
    ["service_started", "restarting", undefined, false, "not-yet"],
    ["service_started", "exited1", undefined, false, "never"],
    ["service_started", "created", undefined, false, "never"],
    ["service_healthy", "running", health("starting"), false, "not-yet"],
    ["service_healthy", "running", health("unhealthy"), false, "not-yet"],
    ["service_healthy", "running", health("healthy"), false, "ready"],
    ["service_healthy", "running", undefined, false, "ready"],
    ["service_healthy", "exited0", health("unhealthy"), false, "never"],
    ["service_completed_successfully", "running", undefined, false, "not-yet"],
    ["service_completed_successfully", "exited0", undefined, false, "ready"],
    ["service_completed_successfully", "exited0", undefined, true, "not-yet"],
    ["service_completed_successfully", "exited1", undefined, false, "never"],
    ["service_completed_successfully", "exited1", undefined, true, "not-yet"],
  ])("%s of one that is %s, health %j, coming %s: %s", (condition, state, healthNow, coming, expected) => {
    const container = { id: "x", state: states[state] } as unknown as Container;
    expect(readiness(condition, { container, health: healthNow, coming })).toBe(expected);
  });

  test("one that is gone never is", () => {
    expect(readiness("service_started", { container: undefined, health: undefined, coming: true })).toBe("never");
  });
});
