import { expect, test } from "vitest";
import { formatHost, parseHost, type HostAddress } from "./host-address.ts";

test.each<[string, HostAddress]>([
  ["", { kind: "unix", path: "/default.sock" }],
  ["unix://", { kind: "unix", path: "/default.sock" }],
  ["unix:///run/x.sock", { kind: "unix", path: "/run/x.sock" }],
  ["tcp://127.0.0.1:1234", { kind: "tcp", host: "127.0.0.1", port: 1234 }],
  ["tcp://", { kind: "tcp", host: "127.0.0.1", port: 2375 }],
  ["tcp://:99", { kind: "tcp", host: "127.0.0.1", port: 99 }],
  ["tcp://[::1]:99/", { kind: "tcp", host: "::1", port: 99 }],
  ["tcp://localhost:0", { kind: "tcp", host: "localhost", port: 0 }],
  ["foo", { kind: "tcp", host: "foo", port: 2375 }],
  ["0.0.0.0:1", { kind: "tcp", host: "0.0.0.0", port: 1 }],
  ["fd://", { kind: "fd", name: "" }],
  ["fd://*", { kind: "fd", name: "" }],
  ["fd://4", { kind: "fd", name: "4" }],
  ["fd://dhow.socket", { kind: "fd", name: "dhow.socket" }],
])("%j", (text, address) => {
  expect(parseHost(text, { tls: false, defaultPath: "/default.sock" })).toEqual(address);
});

test("the default port with TLS is another one", () => {
  expect(parseHost("tcp://127.0.0.1", { tls: true, defaultPath: "" })).toMatchObject({ port: 2376 });
});

test.each([
  ["foo://", "invalid bind address (foo://): unsupported proto 'foo'"],
  ["npipe:////./pipe/docker", "unsupported proto 'npipe'"],
  ["http://127.0.0.1:1", "unsupported proto 'http'"],
  ["unix://run/x.sock", "has to be absolute"],
  [`unix:///${"x".repeat(110)}`, "limited to 107 bytes"],
  ["tcp://127.0.0.1:99999", "invalid port 99999"],
  ["tcp://127.0.0.1:1/path", "want tcp://HOST:PORT"],
  ["tcp://::1:1", "want tcp://HOST:PORT"],
  ["tcp://[1.2.3.4]:1", "invalid IPv6 address"],
])("refuses %s", (text, message) => {
  expect(() => parseHost(text, { tls: false, defaultPath: "/d" })).toThrow(message);
});

test("prints as it is written", () => {
  for (const text of ["unix:///x", "tcp://[::1]:1", "tcp://127.0.0.1:1", "fd://"]) {
    expect(formatHost(parseHost(text, { tls: false, defaultPath: "" }))).toBe(text);
  }
});
