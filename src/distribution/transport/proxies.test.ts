import { once } from "node:events";
import http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { expect, it } from "vitest";
import { proxyFor, type Proxies } from "./proxies.ts";
import { Transport } from "./transport.ts";

const both = { http: "proxy:3128", https: "http://secure:3129", none: undefined };

it.each([
  ["http://registry.example/", undefined, "http://proxy:3128"],
  ["https://registry.example/", undefined, "http://secure:3129"],
  ["http://localhost:5000/", undefined, undefined],
  ["http://127.0.0.1:5000/", undefined, undefined],
  ["http://[::1]:5000/", undefined, undefined],
  ["https://registry.example/", "*", undefined],
  ["https://registry.example/", "example", undefined],
  ["https://registry.example/", "registry.example", undefined],
  ["https://REGISTRY.example/", " other, Registry.Example ", undefined],
  ["https://a.registry.example/", "registry.example", undefined],
  ["https://aregistry.example/", "registry.example", "http://secure:3129"],
  ["https://registry.example/", ".registry.example", "http://secure:3129"],
  ["https://a.registry.example/", ".registry.example", undefined],
  ["https://a.registry.example/", "*.registry.example", undefined],
  ["https://registry.example/", "registry.example:443", undefined],
  ["https://registry.example:5000/", "registry.example:443", "http://secure:3129"],
  ["https://registry.example:5000/", "registry.example:5000", undefined],
  ["https://10.1.2.3/", "10.0.0.0/8", undefined],
  ["https://10.1.2.3/", "10.1.2.3", undefined],
  ["https://11.1.2.3/", "10.0.0.0/8", "http://secure:3129"],
  ["https://[fd00::1]/", "fd00::/8", undefined],
  ["https://[fd00::1]/", "fd00::1", undefined],
  ["https://registry.example/", "10.0.0.0/8,,nonsense/x", "http://secure:3129"],
])("%s without a proxy for %j: %s", (url, none, proxy) => {
  expect(proxyFor(new URL(url), { ...both, none })).toBe(proxy);
});

it("none is none", () => {
  expect(proxyFor(new URL("https://registry.example/"), { http: "proxy:1", https: "", none: undefined })).toBeUndefined();
});

it("requests go through it, with its own credentials; a tunnel for https", async () => {
  const seen: unknown[] = [];
  const proxy = http.createServer((request, response) => {
    seen.push([request.method, request.url, request.headers["proxy-authorization"]]);
    response.end("through");
  });
  proxy.on("connect", (request: http.IncomingMessage, socket: Socket) => {
    seen.push([request.method, request.url, request.headers["proxy-authorization"]]);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const address = `http://u:p@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const proxies: Proxies = { http: address, https: address, none: undefined };
  const transport = new Transport({ userAgent: "test", headMs: 5000, proxies: () => proxies });
  const never = new AbortController().signal;
  const tls = { authorities: [], clients: [], verify: true };
  const get = (url: string) => transport.exchange({ method: "GET", url: new URL(url), headers: {}, tls }, never);
  const answer = await get("http://registry.example/v2/");
  expect(Buffer.concat(await Array.fromAsync(answer.body)).toString()).toBe("through");
  await expect(get("https://registry.example/v2/")).rejects.toThrow(/registry\.example/);
  const authorization = `Basic ${Buffer.from("u:p").toString("base64")}`;
  expect(seen).toEqual([
    ["GET", "http://registry.example/v2/", authorization],
    ["CONNECT", "registry.example:443", authorization],
  ]);
  transport.close();
  proxy.closeAllConnections();
  proxy.close();
});
