import { describe, expect, it } from "vitest";
import type { ApiRequest, Reply } from "#http/route.ts";
import type { VolumeBackend } from "./backend.ts";
import { volumeRoutes } from "./routes.ts";

const volume = {
  name: "data",
  created: "2026-01-02T03:04:05.000Z",
  labels: { a: "b" },
  mountpoint: "/v/data/_data",
  driver: "local",
  options: {},
  scope: "local",
} as const;
const view = {
  CreatedAt: volume.created,
  Driver: "local",
  Labels: { a: "b" },
  Mountpoint: "/v/data/_data",
  Name: "data",
  Options: {},
  Scope: "local",
};

function backend(calls: unknown[]): VolumeBackend {
  return {
    list: (filters) => (calls.push(["list", [...filters]]), Promise.resolve({ volumes: [volume], warnings: ["w"] })),
    inspect: (name) => (calls.push(["inspect", name]), Promise.resolve(volume)),
    create: (request) => (calls.push(["create", request]), Promise.resolve(volume)),
    remove: (name, options) => (calls.push(["remove", name, options]), Promise.resolve()),
    prune: (filters, { allByDefault }) => (
      calls.push(["prune", [...filters], allByDefault]),
      Promise.resolve({ deleted: ["x"], reclaimed: 5 })
    ),
  };
}

async function call(
  method: string,
  path: string,
  given: { query?: string; body?: unknown; name?: string; api?: [number, number] } = {},
): Promise<{ reply: Reply; calls: unknown[] }> {
  const calls: unknown[] = [];
  const route = volumeRoutes(backend(calls)).find((candidate) => candidate.method === method && candidate.path === path);
  if (route === undefined) throw new Error("no such route");
  const request: ApiRequest = {
    method,
    path,
    params: { name: given.name ?? "" },
    query: new URLSearchParams(given.query),
    headers: {},
    apiVersion: given.api ?? [1, 51],
    signal: AbortSignal.timeout(1000),
    body: (async function* () {})(),
    json: () => Promise.resolve(given.body),
  };
  return { reply: await route.handler(request), calls };
}

describe("the routes of volumes", () => {
  it("list", async () => {
    const { reply, calls } = await call("GET", "/volumes", { query: `filters=${encodeURIComponent('{"dangling":["true"]}')}` });
    expect(reply).toEqual({ kind: "json", status: 200, body: { Volumes: [view], Warnings: ["w"] } });
    expect(calls).toEqual([["list", [["dangling", ["true"]]]]]);
    await expect(call("GET", "/volumes", { query: "filters={}&filters=x" })).resolves.toBeDefined();
    await expect(call("GET", "/volumes", { query: 'filters={"x":["y"]}' })).rejects.toThrow("invalid filter 'x'");
  });

  it("inspect", async () => {
    expect((await call("GET", "/volumes/:name", { name: "data" })).reply).toEqual({ kind: "json", status: 200, body: view });
  });

  it.each([
    [undefined, { name: undefined, driver: "", driverOptions: {}, labels: {} }],
    [{ Name: "" }, { name: undefined, driver: "", driverOptions: {}, labels: {} }],
    [
      { Name: "data", Driver: "local", DriverOpts: {}, Labels: { a: "b" } },
      { name: "data", driver: "local", driverOptions: {}, labels: { a: "b" } },
    ],
  ])("create from %j", async (body, expected) => {
    const { reply, calls } = await call("POST", "/volumes/create", { body });
    expect(reply).toEqual({ kind: "json", status: 201, body: view });
    expect(calls).toEqual([["create", expected]]);
  });

  it("create no volume of a swarm, and none from wrong types", async () => {
    await expect(call("POST", "/volumes/create", { body: { ClusterVolumeSpec: {} } })).rejects.toMatchObject({ category: "unavailable" });
    await expect(call("POST", "/volumes/create", { body: { Name: 5 } })).rejects.toMatchObject({ category: "invalid" });
    await expect(call("POST", "/volumes/create", { body: [] })).rejects.toMatchObject({ category: "invalid" });
  });

  it("change none: that is for volumes of a swarm", async () => {
    await expect(call("PUT", "/volumes/:name", { name: "data", body: {} })).rejects.toMatchObject({ category: "unavailable" });
  });

  it.each([
    ["", false],
    ["force=1", true],
    ["force=0", false],
  ])("remove with %j", async (query, force) => {
    const { reply, calls } = await call("DELETE", "/volumes/:name", { name: "data", query });
    expect(reply).toEqual({ kind: "empty", status: 204 });
    expect(calls).toEqual([["remove", "data", { force }]]);
  });

  it.each<[[number, number], boolean]>([
    [[1, 41], true],
    [[1, 42], false],
  ])("prune for API %j", async (api, allByDefault) => {
    const { reply, calls } = await call("POST", "/volumes/prune", { api });
    expect(reply).toEqual({ kind: "json", status: 200, body: { VolumesDeleted: ["x"], SpaceReclaimed: 5 } });
    expect(calls).toEqual([["prune", [], allByDefault]]);
  });
});
