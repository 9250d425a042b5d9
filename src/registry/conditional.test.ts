import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type BlobDigest } from "./protocol/digest.ts";
import { ServedRegistry } from "./testing.ts";

let registry: ServedRegistry;
let digest: BlobDigest;
const bytes = randomBytes(1000);
beforeAll(async () => {
  registry = await ServedRegistry.start();
  digest = await registry.pushBlob("a", bytes);
  await registry.pushImage("a", "t", ["x"]);
});
afterAll(async () => registry[Symbol.asyncDispose]());

const ask = (path: string, headers: Record<string, string>, method = "GET"): Promise<Response> => registry.fetch(path, { method, headers });

it.each(["GET", "HEAD"])("%s of a blob that is known is 304", async (method) => {
  const path = `/v2/a/blobs/${digest}`;
  const etag = (await ask(path, {}, method)).headers.get("etag") ?? "";
  expect(etag).toBe(`"${digest}"`);
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*", digest]) {
    const answer = await ask(path, { "If-None-Match": known }, method);
    expect([answer.status, answer.headers.get("etag"), await answer.text()]).toEqual([304, etag, ""]);
  }
  expect((await ask(path, { "If-None-Match": '"other"' }, method)).status).toBe(200);
});

it("a manifest that is known is 304 until its tag moves", async () => {
  const etag = (await ask("/v2/a/manifests/t", {})).headers.get("etag") ?? "";
  expect((await ask("/v2/a/manifests/t", { "If-None-Match": etag })).status).toBe(304);
  await registry.pushImage("a", "t", ["y"]);
  expect((await ask("/v2/a/manifests/t", { "If-None-Match": etag })).status).toBe(200);
});

it("a part is only taken of what the client means", async () => {
  const path = `/v2/a/blobs/${digest}`;
  const part = await ask(path, { Range: "bytes=10-19", "If-Range": `"${digest}"` });
  expect([part.status, Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(10, 20))]).toEqual([206, true]);
  expect((await ask(path, { Range: "bytes=10-19", "If-Range": '"other"' })).status).toBe(200);
  expect((await ask(path, { Range: "bytes=0-1,5-6" })).status).toBe(200);
  expect((await ask(path, { Range: "lines=0-1" })).status).toBe(200);
});

it("a blob is nothing that a browser would run", async () => {
  const { headers } = await ask(`/v2/a/blobs/${digest}`, {});
  expect([headers.get("content-type"), headers.get("x-content-type-options")]).toEqual(["application/octet-stream", "nosniff"]);
});
