import { describe, expect, test } from "vitest";
import type { Transport } from "./connection/connection.ts";
import { refuseBrowsers } from "./origin.ts";

type Row = [name: string, transport: Transport, headers: Record<string, string>];

function request(transport: Transport, headers: Record<string, string>) {
  return { transport, headers, rawHeaders: Object.entries(headers).flat() };
}

const accepted: Row[] = [
  ["a client on a unix socket", "unix", { host: "docker" }],
  ["any Host on a unix socket", "unix", { host: "evil.example" }],
  ["no Host at all, as HTTP/1.0 may", "tcp", {}],
  ["an address", "tcp", { host: "127.0.0.1:2375" }],
  ["an IPv6 address", "tcp", { host: "[::1]:2375" }],
  ["localhost", "tcp", { host: "localhost:2375" }],
  ["a service's name", "tcp", { host: "docker:2375" }],
  ["what the Go client sends", "tcp", { host: "api.moby.localhost" }],
  ["a host that was configured", "tcp", { host: "engine.example:2375" }],
  ["any host where a certificate decides", "tls", { host: "engine.other.example:2376" }],
  ["the page's own origin", "tcp", { host: "localhost:9000", origin: "http://localhost:9000", "sec-fetch-site": "same-origin" }],
  ["a person's address bar", "tcp", { host: "localhost:9000", "sec-fetch-site": "none" }],
];

const refused: Row[] = [
  ["another site", "tcp", { host: "localhost", "sec-fetch-site": "cross-site" }],
  ["another site of the same domain", "tcp", { host: "localhost", "sec-fetch-site": "same-site" }],
  ["a foreign origin", "tcp", { host: "localhost:2375", origin: "http://evil.example" }],
  ["a foreign origin on a unix socket", "unix", { host: "d", origin: "http://evil.example" }],
  ["a foreign origin with TLS", "tls", { host: "engine.example", origin: "https://evil.example" }],
  ["another port's origin", "tcp", { host: "localhost:2375", origin: "http://localhost:3000" }],
  ["the null origin of a sandboxed frame", "tcp", { host: "localhost:2375", origin: "null" }],
  ["an origin without a Host", "unix", { origin: "http://evil.example" }],
  ["a rebound name", "tcp", { host: "evil.example" }],
  ["a rebound name with a port", "tcp", { host: "rebind.evil.example:2375" }],
  ["a name that only looks like localhost", "tcp", { host: "localhost.evil.example" }],
  ["an address in other clothes", "tcp", { host: "127.0.0.1.evil.example" }],
  ["rubbish", "tcp", { host: "[::1" }],
];

describe("refuseBrowsers", () => {
  test.each(accepted)("lets pass %s", (_name, transport, headers) => {
    expect(() => refuseBrowsers(request(transport, headers), ["engine.example"])).not.toThrow();
  });

  test.each(refused)("refuses %s", (_name, transport, headers) => {
    const run = (): void => refuseBrowsers(request(transport, headers), ["engine.example"]);
    expect(run).toThrow(expect.objectContaining({ category: "forbidden" }));
  });

  test("refuses two Hosts", () => {
    const twice = { transport: "tcp" as const, headers: { host: "localhost" }, rawHeaders: ["Host", "localhost", "host", "evil.example"] };
    expect(() => refuseBrowsers(twice, [])).toThrow("more than one Host");
  });
});
