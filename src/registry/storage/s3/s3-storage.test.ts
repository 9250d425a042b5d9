import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { silentLogger } from "#lib/logger.ts";
import { FakeS3 } from "#test/support/fake-s3.ts";
import { digestOf } from "../../protocol/digest.ts";
import { ServedRegistry } from "../../testing.ts";
import { registryStorageSuite } from "../contract.suite.ts";
import { Bucket } from "./bucket.ts";
import { inNameOrder } from "./name-order.ts";
import { partBytesFor, type S3Options } from "./options.ts";
import { S3Storage } from "./s3-storage.ts";
import { S3Uploads } from "./s3-uploads.ts";

const MEBI = 1024 ** 2;
/** Smaller than Amazon's least, which the store is told; else these tests would move ten times as much. */
const PART = MEBI;

let store: FakeS3;
let storage: S3Storage;
let bucket: Bucket;

beforeAll(async () => {
  store = await FakeS3.start({ bucket: "blobs", pageSize: 3, leastPart: PART });
  for (const [name, value] of Object.entries(store.environment)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await store[Symbol.asyncDispose]();
});

beforeEach(async () => {
  bucket = await Bucket.open({ logger: silentLogger }, options());
  storage = new S3Storage(bucket, { partBytes: PART });
});

afterEach(async () => {
  await storage.close();
  store.fault = () => undefined;
  store.objects.clear();
  const left = store.parts.size;
  store.parts.clear();
  if (left > 0) throw new Error("parts outlived a test: they would be paid for, for ever");
});

function options(more: Partial<S3Options> = {}): S3Options {
  const { endpoint } = store;
  return { bucket: "blobs", prefix: "dhow/", endpoint, region: undefined, pathStyle: true, partBytes: PART, copiedAtOnce: PART, ...more };
}

registryStorageSuite("a bucket", () => storage);

it("keeps all below its prefix", async () => {
  await storage.put("a/b", Buffer.from("x"));
  expect([...store.objects.keys()]).toEqual(["dhow/documents/a/b"]);
});

it("refuses to start without the bucket, and with a wrong key", async () => {
  await expect(Bucket.open({ logger: silentLogger }, options({ bucket: "other" }))).rejects.toThrow(
    "the bucket other cannot be used: there is none of that name",
  );
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "wrong");
  await expect(Bucket.open({ logger: silentLogger }, options())).rejects.toThrow(
    "the bucket blobs cannot be used: these credentials may not use it, or are wrong",
  );
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", store.secretAccessKey);
});

it("says nothing of credentials, nor of what was signed, whatever fails", async () => {
  const told: unknown[] = [];
  const logger = { ...silentLogger, error: (...words: unknown[]) => told.push(words) };
  const failing = await Bucket.open({ logger }, options());
  store.fault = () => ({ status: 403, code: "AccessDenied" });
  const error: unknown = await failing.get("documents/x").catch((caught: unknown) => caught);
  const text = JSON.stringify(told) + String(error instanceof Error ? `${error.stack}${JSON.stringify(error.cause)}` : error);
  expect(text).toContain("AccessDenied");
  expect(text).not.toContain(store.accessKeyId);
  expect(text).not.toContain(store.secretAccessKey);
  failing.close();
});

it("tries again what the store is too busy for", async () => {
  let refusals = 2;
  store.fault = ({ method }) => (method === "PUT" && refusals-- > 0 ? { status: 503, code: "SlowDown" } : undefined);
  await storage.put("a/b", Buffer.from("x"));
  expect((await storage.get("a/b"))?.toString()).toBe("x");
});

it("goes on where a connection broke", async () => {
  const bytes = randomBytes(300_000);
  const digest = digestOf(bytes);
  store.objects.set(`dhow/blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}`, { bytes, etag: '"x"', modified: 0 });
  let breaks = 2;
  store.fault = ({ method }) => (method === "GET" && breaks-- > 0 ? { breakAfter: 100_000 } : undefined);
  const read = Buffer.concat(await Array.fromAsync(storage.readBlob(digest)));
  expect(read.equals(bytes)).toBe(true);
  breaks = 1;
  const part = Buffer.concat(await Array.fromAsync(storage.readBlob(digest, { start: 10, end: 250_000 })));
  expect(part.equals(bytes.subarray(10, 250_001))).toBe(true);
});

it("lists names in their own order, whatever stands before the slash", async () => {
  const names = ["a", "a+b", "a-b", "a-b+c", "a.b", "a0", "ab", "b+a", "b", "c"];
  const asListed = names.toSorted((x, y) => (`${x}/` < `${y}/` ? -1 : 1));
  const given = (async function* () {
    yield* asListed;
  })();
  expect(await Array.fromAsync(inNameOrder(given))).toEqual(names.toSorted());
});

it("chooses parts that the largest blob fits into 10 000 of", () => {
  expect(partBytesFor(1)).toBe(8 * MEBI);
  expect(partBytesFor(100 * 1024 ** 3) * 10_000).toBeGreaterThanOrEqual(100 * 1024 ** 3);
});

describe("a registry over a bucket", () => {
  const start = async (): Promise<ServedRegistry> => {
    const own = await Bucket.open({ logger: silentLogger }, options());
    const deps = { storage: new S3Storage(own, { partBytes: PART }), uploads: new S3Uploads(own, { partBytes: PART }) };
    return ServedRegistry.start({}, deps);
  };
  const begin = async (registry: ServedRegistry): Promise<string> => {
    const answer = await registry.fetch("/v2/a/blobs/uploads/", { method: "POST" });
    return answer.headers.get("location") ?? "";
  };
  const send = async (registry: ServedRegistry, to: string, bytes: Buffer): Promise<string | null> =>
    (await registry.fetch(to, { method: "PATCH", body: new Uint8Array(bytes) })).headers.get("range");
  const finish = (registry: ServedRegistry, to: string, digest: string): Promise<Response> =>
    registry.fetch(`${to}?digest=${digest}`, { method: "PUT" });
  const uploadKeys = (): string[] => [...store.objects.keys()].filter((key) => key.includes("/uploads/"));

  it("takes a blob in chunks of any size, and holds no more than a part of it at a time", async () => {
    await using registry = await start();
    const bytes = randomBytes(2 * PART + 1234);
    const digest = digestOf(bytes);
    const location = await begin(registry);
    expect(await send(registry, location, bytes.subarray(0, 1000))).toBe("0-999");
    expect(await send(registry, location, bytes.subarray(1000, PART + 5000))).toBe(`0-${PART + 4999}`);
    expect(await send(registry, location, bytes.subarray(PART + 5000))).toBe(`0-${bytes.length - 1}`);
    store.largestBody = 0;
    expect((await finish(registry, location, digest)).status).toBe(201);
    expect(store.largestBody).toBeLessThanOrEqual(PART);
    const got = await registry.fetch(`/v2/a/blobs/${digest}`, { headers: { Range: "bytes=999-1000" } });
    expect(Buffer.from(await got.arrayBuffer()).equals(bytes.subarray(999, 1001))).toBe(true);
    expect(uploadKeys()).toEqual([]);
  });

  it("goes on with an upload that another server began, and hashes it anew", async () => {
    const bytes = randomBytes(PART + 99_999);
    const digest = digestOf(bytes);
    let location: string;
    {
      await using first = await start();
      location = await begin(first);
      await send(first, location, bytes.subarray(0, 50_000));
      await send(first, location, bytes.subarray(50_000, PART + 10));
    }
    await using second = await start();
    const status = await second.fetch(location);
    expect([status.status, status.headers.get("range")]).toEqual([204, `0-${PART + 9}`]);
    expect(await send(second, location, bytes.subarray(PART + 10))).toBe(`0-${bytes.length - 1}`);
    expect((await finish(second, location, digest)).status).toBe(201);
    const got = Buffer.from(await (await second.fetch(`/v2/a/blobs/${digest}`)).arrayBuffer());
    expect(got.equals(bytes)).toBe(true);
    expect(uploadKeys()).toEqual([]);
  });

  it("never has an object under a digest that is not its own", async () => {
    await using registry = await start();
    const digest = digestOf(randomBytes(10));
    for (const size of [100, PART + 100]) {
      const location = await begin(registry);
      await send(registry, location, randomBytes(size));
      expect((await finish(registry, location, digest)).status).toBe(400);
    }
    expect([...store.objects.keys()]).toEqual([]);
  });

  it("forgets what a part that did not get there would have brought", async () => {
    await using registry = await start();
    const bytes = randomBytes(PART + 10);
    const location = await begin(registry);
    await send(registry, location, bytes.subarray(0, 10));
    store.fault = ({ query, method }) => (method === "PUT" && query.has("partNumber") ? { status: 400, code: "InvalidDigest" } : undefined);
    expect((await registry.fetch(location, { method: "PATCH", body: new Uint8Array(bytes.subarray(10)) })).status).toBe(503);
    store.fault = () => undefined;
    const range = (await registry.fetch(location)).headers.get("range");
    const from = range === "0-0" ? 0 : Number(range?.split("-")[1]) + 1;
    await send(registry, location, bytes.subarray(from));
    expect((await finish(registry, location, digestOf(bytes))).status).toBe(201);
  });

  it("takes away abandoned uploads, with their parts", async () => {
    {
      await using registry = await start();
      await send(registry, await begin(registry), randomBytes(PART + 1));
      expect(store.parts.size).toBe(1);
    }
    const own = new S3Uploads(bucket, { partBytes: PART });
    for await (const { id, data } of own.abandoned(Date.now() + 2000)) await own.remove(id, data);
    expect([store.parts.size, uploadKeys()]).toEqual([0, []]);
  });

  it("keeps images, lists them by pages, and collects garbage", async () => {
    {
      await using registry = await start();
      for (const name of ["team/app", "team/app-x", "team", "z"]) await registry.pushImage(name, "v1", [`layer of ${name}`]);
      const catalogue = (await (await registry.fetch("/v2/_catalog")).json()) as { repositories: string[] };
      expect(catalogue.repositories).toEqual(["team", "team/app", "team/app-x", "z"]);
      await registry.pushBlob("z", Buffer.from("nobody's"));
    }
    for (const [key, object] of store.objects) store.objects.set(key, { ...object, modified: Date.now() - 10 * 3_600_000 });
    await using again = await start();
    expect(await again.open.registry.collect()).toMatchObject({ manifests: 0, links: 1, blobs: 1 });
    expect((await again.fetch("/v2/z/manifests/v1")).status).toBe(200);
  });
});
