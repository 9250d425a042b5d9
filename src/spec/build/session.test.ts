import { expect, it } from "vitest";
import { isBuildSessionId, sessionRequestOf, targetOf, type SessionRequest } from "./session.ts";

const file = `blobs/sha256/${"0f".repeat(32)}`;

it.each<[SessionRequest, string]>([
  [{ kind: "find-agent", id: "default" }, "HEAD /ssh/default"],
  [{ kind: "agent", id: "a/b ü" }, "POST /ssh/a%2Fb%20%C3%BC"],
  [{ kind: "output", index: 3 }, "POST /output/3"],
  [{ kind: "find-file", cache: 0, file }, `HEAD /cache/0/${file}`],
  [{ kind: "read-file", cache: 12, file: "index.json" }, "GET /cache/12/index.json"],
  [{ kind: "write-file", cache: 1, file: "oci-layout" }, "PUT /cache/1/oci-layout"],
])("says %o as %s, and reads it again", (request, text) => {
  const target = targetOf(request);
  expect(`${target.method} ${target.path}`).toBe(text);
  expect(sessionRequestOf(target)).toEqual(request);
});

it.each([
  "GET /ssh/default",
  "POST /ssh/default/more",
  "POST /ssh/%zz",
  "GET /output/1",
  "POST /output/x",
  "POST /output/99999",
  "GET /cache/0/../../etc/passwd",
  "GET /cache/0/blobs/sha256/../../x",
  `DELETE /cache/0/${file}`,
  "GET /cache/0",
  "GET /",
  "GET /constructor/0/index.json",
])("takes no %s", (text) => {
  const [method = "", path = ""] = text.split(" ");
  expect(sessionRequestOf({ method, path })).toBeUndefined();
});

it("knows an id by its form", () => {
  expect(isBuildSessionId("0123456789abcdef".repeat(2))).toBe(true);
  for (const other of ["", "../x", "0123", "G".repeat(32), `${"a".repeat(32)}\n`]) expect(isBuildSessionId(other)).toBe(false);
});
