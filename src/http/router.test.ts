import { describe, expect, test } from "vitest";
import type { Route } from "./route.ts";
import { Router } from "./router.ts";

const table = [
  "GET /_ping",
  "HEAD /_ping",
  "GET /images/json",
  "POST /images/create",
  "GET /images/search",
  "GET /images/:name*/json",
  "GET /images/:name*/get",
  "GET /images/get",
  "POST /images/:name*/tag",
  "DELETE /images/:name*",
  "GET /containers/json",
  "POST /containers/create",
  "POST /containers/:id/start",
  "GET /containers/:id/json",
  "DELETE /containers/:id",
  "GET /distribution/:name*/json",
];

function route(row: string): Route {
  const [method, path] = row.split(" ") as [Route["method"], string];
  return { method, path, handler: () => Promise.reject(new Error("not called")) };
}

const router = new Router(table.map(route));

const matches: [request: string, row: string, params: Record<string, string>][] = [
  ["GET /_ping", "GET /_ping", {}],
  ["HEAD /_ping", "HEAD /_ping", {}],
  ["GET /images/json", "GET /images/json", {}],
  ["GET /images/busybox/json", "GET /images/:name*/json", { name: "busybox" }],
  ["GET /images/reg.example:5000/a/b:1/json", "GET /images/:name*/json", { name: "reg.example:5000/a/b:1" }],
  ["GET /images/docker.io%2Flibrary%2Fbusybox/json", "GET /images/:name*/json", { name: "docker.io/library/busybox" }],
  ["GET /images/json/json", "GET /images/:name*/json", { name: "json" }],
  ["GET /images/a/json/json", "GET /images/:name*/json", { name: "a/json" }],
  ["GET /images/get", "GET /images/get", {}],
  ["GET /images/get/get", "GET /images/:name*/get", { name: "get" }],
  ["DELETE /images/json", "DELETE /images/:name*", { name: "json" }],
  ["DELETE /images/a/b@sha256:ab", "DELETE /images/:name*", { name: "a/b@sha256:ab" }],
  ["POST /images/a%2520b/tag", "POST /images/:name*/tag", { name: "a%20b" }],
  ["GET /containers/json", "GET /containers/json", {}],
  ["GET /containers/json/json", "GET /containers/:id/json", { id: "json" }],
  ["GET /%69mages/json", "GET /images/json", {}],
  ["DELETE /containers/__proto__", "DELETE /containers/:id", { id: "__proto__" }],
];

const misses = [
  "GET /",
  "GET /info/",
  "GET //_ping",
  "GET /_ping/",
  "POST /_ping",
  "PATCH /containers/json",
  "GET /containers//json",
  "GET /containers/a/b/json",
  "GET /containers/a%2Fb/json",
  "GET /images//json",
  "GET /images/a//b/json",
  "GET /images/constructor",
  "GET *",
  "GET http://x/_ping",
];

const invalid = ["/containers/..%2f..%2fetc/json", "/images/%2e%2e/json", "/containers/%00/json", "/a/../../etc", "/%zz", "/%ff", "/x%0aY"];

describe("Router", () => {
  test.each(matches)("%s is %s", (request, row, params) => {
    const [method = "", path = ""] = request.split(" ");
    const match = router.match(method, path);
    expect(`${match?.route.method} ${match?.route.path}`).toBe(row);
    expect({ ...match?.params }).toEqual(params);
  });

  test.each(misses)("%s is not found", (request) => {
    const [method = "", path = ""] = request.split(" ");
    expect(router.match(method, path)).toBeUndefined();
  });

  test.each(invalid)("%s is invalid", (path) => {
    expect(() => router.match("GET", path)).toThrow(expect.objectContaining({ category: "invalid" }));
  });

  test("parameters have no prototype", () => {
    expect(router.match("DELETE", "/containers/x")?.params["constructor"]).toBeUndefined();
  });

  test.each([
    ["two rows of one path", ["GET /a/:id", "GET /a/:name"]],
    ["a parameter behind a rest", ["GET /a/:name*/:id"]],
    ["no slash in front", ["GET a"]],
  ])("refuses %s", (_name, rows) => {
    expect(() => new Router(rows.map(route))).toThrow(/route/);
  });

  test("a hostile path takes no time", () => {
    const started = performance.now();
    router.match("GET", `/images${"/json".repeat(3000)}`);
    router.match("GET", `/containers${"/a".repeat(3000)}`);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
