import { expect, test } from "vitest";
import { buildMetrics, buildShutdown } from "./daemon.ts";

test.each([
  [undefined, undefined],
  ["", undefined],
  ["127.0.0.1:9323", { host: "127.0.0.1", port: 9323 }],
  ["[::1]:9323", { host: "::1", port: 9323 }],
  ["metrics.local:80", { host: "metrics.local", port: 80 }],
  [":9323", { host: "::", port: 9323 }],
  ["127.0.0.1:0", { host: "127.0.0.1", port: 0 }],
])("metrics-addr %j is %j", (text, expected) => {
  expect(buildMetrics(text)).toEqual(expected);
});

test.each(["9323", "127.0.0.1", "a:99999", "http://a:1", "::1:80", "a b:1", "unix:///x"])("metrics-addr %j is refused", (text) => {
  expect(() => buildMetrics(text)).toThrow(`invalid metrics-addr ${JSON.stringify(text)}: want HOST:PORT`);
});

test("containers run on by default; else they get 15 s", () => {
  expect(buildShutdown({})).toEqual({ liveRestore: true, timeout: 15 });
  expect(buildShutdown({ "live-restore": false, "shutdown-timeout": 3 })).toEqual({ liveRestore: false, timeout: 3 });
});
