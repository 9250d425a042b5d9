import { describe, expect, test } from "vitest";
import { parseHost } from "./target.ts";

describe("parseHost", () => {
  test.each([
    ["unix:///run/dhow/dhow.sock", { kind: "unix", path: "/run/dhow/dhow.sock" }],
    ["tcp://localhost:2375", { kind: "tcp", host: "localhost", port: 2375 }],
    ["tcp://127.0.0.1", { kind: "tcp", host: "127.0.0.1", port: 2375 }],
    ["tcp://[::1]:80/", { kind: "tcp", host: "::1", port: 80 }],
    ["http://docker:80", { kind: "tcp", host: "docker", port: 80 }],
    ["https://docker", { kind: "tls", host: "docker", port: 2376, identity: {} }],
  ])("%s", (host, target) => {
    expect(parseHost(host)).toEqual(target);
  });

  test("with an identity TCP is TLS", () => {
    expect(parseHost("tcp://engine.example", { ca: "…" })).toEqual({
      kind: "tls",
      host: "engine.example",
      port: 2376,
      identity: { ca: "…" },
    });
  });

  test.each([
    "",
    "/run/x.sock",
    "unix://run/x.sock",
    "tcp://",
    "tcp://:1",
    "tcp://a:0",
    "tcp://a:99999",
    "tcp://a:1/path",
    "tcp://u@a:1",
    "udp://a:1",
  ])("refuses %j", (host) => {
    expect(() => parseHost(host)).toThrow(expect.objectContaining({ category: "invalid" }));
  });

  test.each(["ssh://a", "npipe:////./pipe/x", "fd://3"])("does not have %s yet", (host) => {
    expect(() => parseHost(host)).toThrow(expect.objectContaining({ category: "not-implemented" }));
  });
});
