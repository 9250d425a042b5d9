import { describe, expect, test } from "vitest";
import { checkVersion, parseTarget, readsPlainText } from "./request-path.ts";

const targets: [target: string, version: readonly number[] | undefined, path: string, query: string][] = [
  ["/info", undefined, "/info", ""],
  ["/v1.51/info", [1, 51], "/info", ""],
  ["/v1.24/containers/json?all=1&x=?", [1, 24], "/containers/json", "all=1&x=?"],
  ["/v99.9/info", [99, 9], "/info", ""],
  ["/v1.51/", [1, 51], "/", ""],
  ["/v1.51", undefined, "/v1.51", ""],
  ["/vx/info", undefined, "/vx/info", ""],
  ["/v1/info", undefined, "/v1/info", ""],
  ["/v1.2.3/info", undefined, "/v1.2.3/info", ""],
  ["/v1.51/v1.40/info", [1, 51], "/v1.40/info", ""],
  ["/v1.51/../../etc/passwd", [1, 51], "/../../etc/passwd", ""],
  ["//info", undefined, "//info", ""],
  ["?x", undefined, "", "x"],
];

describe("parseTarget", () => {
  test.each(targets)("%s", (target, version, path, query) => {
    expect(parseTarget(target)).toEqual({ version, path, query });
  });
});

describe("checkVersion", () => {
  test.each([
    [1, 24],
    [1, 55],
  ])("lets pass %i.%i", (major, minor) => {
    expect(() => checkVersion([major, minor], [1, 24])).not.toThrow();
  });

  test.each([
    [[1, 99], "client version 1.99 is too new. Maximum supported API version is 1.55"],
    [[99, 9], "client version 99.9 is too new. Maximum supported API version is 1.55"],
    [[1, 10], "client version 1.10 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version"],
    [[0, 1], "client version 0.1 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version"],
  ] as const)("refuses %j in Docker's words", ([major, minor], message) => {
    expect(() => checkVersion([major, minor], [1, 24])).toThrow(message);
  });
});

test("only clients before 1.24 read plain text", () => {
  expect([undefined, [1, 24], [1, 23], [0, 9]].map((version) => readsPlainText(version as [number, number] | undefined))).toEqual([
    false,
    false,
    true,
    true,
  ]);
});
