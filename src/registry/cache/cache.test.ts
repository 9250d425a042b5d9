import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "#lib/logger.ts";
// The port's one implementation stands where everything may be imported; a test may, too.
import { newRegistries, parseProxy, upstreamOf } from "../../bin/registry/upstream.ts";
import { type BlobDigest, digestOf } from "../protocol/digest.ts";
import type { Upstream } from "./upstream.ts";
import { imageManifest, ServedRegistry } from "../testing.ts";

const registries = newRegistries(silentLogger);
const anonymous = { credential: { kind: "anonymous" }, serverAddress: undefined } as const;

describe("a cache of a registry", () => {
  let upstream: ServedRegistry;
  let cache: ServedRegistry;
  beforeEach(async () => {
    upstream = await ServedRegistry.start();
    cache = await cacheOf(upstreamOf(registries, upstream.host, anonymous));
  });
  afterEach(async () => {
    await cache[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  const cacheOf = (from: Upstream): Promise<ServedRegistry> =>
    ServedRegistry.start({}, { upstreams: [{ prefix: "up", host: upstream.host, upstream: from }] });
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> => cache.fetch(path, { headers });
  const bytesOf = async (answer: Response): Promise<Buffer> => Buffer.from(await answer.arrayBuffer());

  it("fetches once, keeps, and does without it", async () => {
    const { digest, layers } = await upstream.pushImage("team/app", "v1", ["one", "two"]);
    const first = await get("/v2/up/team/app/manifests/v1");
    expect([first.status, first.headers.get("docker-content-digest")]).toEqual([200, digest]);
    expect(digestOf(await bytesOf(first))).toBe(digest);
    for (const layer of layers) expect(digestOf(await bytesOf(await get(`/v2/up/team/app/blobs/${layer}`)))).toBe(layer);
    await expect.poll(() => readdirSync(join(cache.root, "downloads"))).toEqual([]);
    await upstream.stop();
    expect((await get("/v2/up/team/app/manifests/v1")).headers.get("docker-content-digest")).toBe(digest);
    expect((await get(`/v2/up/team/app/manifests/${digest}`)).status).toBe(200);
    for (const layer of layers) expect(digestOf(await bytesOf(await get(`/v2/up/team/app/blobs/${layer}`)))).toBe(layer);
    expect(await (await get("/v2/up/team/app/tags/list")).json()).toEqual({ name: "up/team/app", tags: ["v1"] });
    expect((await get("/v2/up/team/app/manifests/v2")).status).toBe(502);
  });

  it("knows what is not there, and what is its own", async () => {
    expect((await get("/v2/up/no/such/manifests/v1")).status).toBe(404);
    expect((await get("/v2/up/no/such/tags/list")).status).toBe(404);
    expect((await get(`/v2/up/no/such/blobs/${digestOf(randomBytes(3))}`)).status).toBe(404);
    await cache.pushImage("own/app", "v1", ["x"]);
    expect((await get("/v2/own/app/manifests/v1")).status).toBe(200);
    await expect(cache.pushImage("up/team/app", "v1", ["x"])).rejects.toThrow("405");
    expect((await cache.fetch("/v2/up/team/app/blobs/uploads/", { method: "POST" })).status).toBe(405);
  });

  it("lists tags that it does not have, and understands containerd's ns", async () => {
    for (const tag of ["a", "b"]) await upstream.pushImage("team/app", tag, [tag]);
    expect(await (await get("/v2/up/team/app/tags/list?n=1")).json()).toEqual({ name: "up/team/app", tags: ["a"] });
    const { status } = await get(`/v2/team/app/manifests/b?ns=${upstream.host}`);
    expect([status, (await get("/v2/team/app/manifests/b?ns=other.example")).status]).toEqual([200, 404]);
  });

  it("gives a large blob to many while it comes, and asks for it once", async () => {
    const bytes = randomBytes(8_000_000);
    const digest = await upstream.pushBlob("big", bytes);
    const answers = await Promise.all([0, 1, 2, 3].map(() => get(`/v2/up/big/blobs/${digest}`)));
    const part = await get(`/v2/up/big/blobs/${digest}`, { Range: "bytes=7000000-7000009" });
    for (const answer of answers) expect((await bytesOf(answer)).equals(bytes)).toBe(true);
    expect([part.status, (await bytesOf(part)).equals(bytes.subarray(7_000_000, 7_000_010))]).toEqual([206, true]);
    const requests = upstream.open.registry.scrape();
    expect(requests).toContain('dhow_registry_requests_total{operation="blob",method="GET",status="200"} 1');
  });

  it("gives what it has no room to keep", async () => {
    const options = { quota: 10 };
    const from = { prefix: "up", host: upstream.host, upstream: upstreamOf(registries, upstream.host, anonymous) };
    await using small = await ServedRegistry.start(options, { upstreams: [from] });
    const bytes = randomBytes(400_000);
    const digest = await upstream.pushBlob("big", bytes);
    expect((await bytesOf(await small.fetch(`/v2/up/big/blobs/${digest}`))).equals(bytes)).toBe(true);
    await expect.poll(() => readdirSync(join(small.root, "downloads"))).toEqual([]);
  });

  it("keeps what a client does not wait for", async () => {
    const digest = await upstream.pushBlob("big", randomBytes(3_000_000));
    const abort = new AbortController();
    const answer = await cache.fetch(`/v2/up/big/blobs/${digest}`, { signal: abort.signal });
    await answer.body?.getReader().read();
    abort.abort();
    await expect.poll(() => readdirSync(join(cache.root, "blobs/sha256")).length).toBe(1);
  });

  it.each<[string, Partial<Upstream>]>([
    ["another blob", { blob: async () => ({ size: 5, body: ReadableStream.from([Buffer.from("other")]) }) }],
    ["a blob that ends early", { blob: async () => ({ size: 100, body: ReadableStream.from([Buffer.from("bytes")]) }) }],
    ["a blob that breaks off", { blob: async () => ({ size: 5, body: broken() }) }],
  ])("never gives the end of %s, and keeps nothing of it", async (_, wrong) => {
    await using other = await cacheOf({ ...upstreamOf(registries, upstream.host, anonymous), ...wrong });
    const digest: BlobDigest = digestOf(Buffer.from("bytes"));
    const read = async (): Promise<Buffer> => bytesOf(await other.fetch(`/v2/up/x/blobs/${digest}`));
    await expect(read()).rejects.toThrow();
    await expect.poll(() => readdirSync(join(other.root, "downloads"))).toEqual([]);
    expect(readdirSync(join(other.root, "blobs"))).toEqual([]);
  });

  it("refuses a manifest that is another", async () => {
    const manifest = { mediaType: undefined, bytes: Buffer.from(JSON.stringify(imageManifest(Buffer.from("{}"), []))) };
    await using other = await cacheOf({ ...upstreamOf(registries, upstream.host, anonymous), manifest: async () => manifest });
    const answer = await other.fetch(`/v2/up/x/manifests/${digestOf(randomBytes(3))}`);
    expect(answer.status).toBe(502);
  });
});

async function* broken(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("by");
  await Promise.reject(new Error("the line is dead"));
}

it.each<[string, object | undefined]>([
  ["docker.io", { prefix: "docker.io", host: "docker.io" }],
  ["hub=docker.io", { prefix: "hub", host: "docker.io" }],
  ["in/house=reg.example:5000", { prefix: "in/house", host: "reg.example:5000" }],
  ["reg.example:5000", undefined],
  ["UP=docker.io", undefined],
  ["x=not a host", undefined],
])("--proxy %s", (text, found) => {
  if (found === undefined) expect(() => parseProxy(text)).toThrow(expect.objectContaining({ category: "invalid" }));
  else expect(parseProxy(text)).toEqual(found);
});
