import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { defaultPolicy, download } from "./download.ts";

const folder = mkdtempSync(join(tmpdir(), "dhow-download-"));
const never = new AbortController().signal;
let server: Server;
let base = "";
const pages: Record<string, RequestListener> = {
  "/file": (_, response) =>
    response.writeHead(200, { "last-modified": "Tue, 02 Jan 2024 03:04:05 GMT", "content-type": "text/plain" }).end("hello"),
  "/moved": (_, response) => response.writeHead(302, { location: "/file" }).end(),
  "/metadata": (_, response) => response.writeHead(302, { location: "http://169.254.169.254/latest" }).end(),
  "/local-file": (_, response) => response.writeHead(302, { location: "file:///etc/passwd" }).end(),
  "/loop": (_, response) => response.writeHead(302, { location: "/loop" }).end(),
  "/endless": (_, response) => void setInterval(() => response.write("x".repeat(1000)), 1).unref(),
  "/cut": (_, response) => {
    response.writeHead(200, { "content-length": "100" }).write("short");
    setTimeout(() => response.destroy(), 10);
  },
};
beforeAll(async () => {
  server = createServer((request, response) => {
    const page = pages[request.url ?? ""];
    if (page === undefined) response.writeHead(404, "Not Found").end();
    else page(request, response);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

let count = 0;
const local = { ...defaultPolicy, refuses: (host: string) => host !== "127.0.0.1" && defaultPolicy.refuses(host), mostBytes: 50_000 };
const fetched = async (path: string, policy = local): Promise<string> => {
  const file = join(folder, String(count++));
  const { digest } = await download(`${base}${path}`, file, never, policy);
  return `${readFileSync(file, "utf8")} ${digest.slice(0, 14)} ${statSync(file).mode.toString(8)} ${statSync(file).mtime.toISOString()}`;
};

it("fetches a file, through redirects, with the time that the server says", async () => {
  const expected = "hello sha256:2cf24db 100600 2024-01-02T03:04:05.000Z";
  expect(await fetched("/file")).toBe(expected);
  expect(await fetched("/moved")).toBe(expected);
});

it.each([
  ["/metadata", "forbidden", "does not connect to 169.254.169.254"],
  ["/local-file", "forbidden", "only http and https"],
  ["/loop", "unavailable", "redirects"],
  ["/endless", "too-large", "larger than 50000"],
  ["/cut", "unavailable", ""],
  ["/none", "not-found", "with status 404 Not Found"],
])("%s is %s (P24)", async (path, category, message) => {
  await expect(fetched(path)).rejects.toMatchObject({ category, message: expect.stringContaining(message) as string });
});

it("does not connect to this host", async () => {
  await expect(fetched("/file", defaultPolicy)).rejects.toMatchObject({ category: "forbidden" });
  const byName = download(`http://localhost:${new URL(base).port}/file`, join(folder, "named"), never);
  await expect(byName).rejects.toMatchObject({ category: "forbidden", message: expect.stringContaining("localhost") as string });
});

it("shows no credentials", async () => {
  const secret = download(`http://user:hunter2@127.0.0.1:${new URL(base).port}/none`, join(folder, "secret"), never, local);
  await expect(secret).rejects.toMatchObject({ message: expect.not.stringContaining("hunter2") as string });
});
