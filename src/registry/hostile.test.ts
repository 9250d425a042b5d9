/** What strangers send: paths, ranges, manifests and uploads that are none (security.md 1.7). */
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { digestOf } from "./protocol/digest.ts";
import { imageManifest, ServedRegistry } from "./testing.ts";

let registry: ServedRegistry;
beforeAll(async () => {
  registry = await ServedRegistry.start({ limits: { blobBytes: 5_000_000, stallMs: 2000 }, mostUploads: 5 });
});
afterAll(async () => registry[Symbol.asyncDispose]());

/** As it stands: fetch would tidy the path up. */
function raw(method: string, path: string, more = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(registry.host.split(":")[1]), "127.0.0.1");
    let text = "";
    socket
      .on("data", (data) => (text += data.toString()))
      .on("close", () => resolve(text))
      .on("error", reject);
    socket.end(`${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${more}\r\n`);
  });
}

const everyFile = (): string[] => readdirSync(registry.root, { recursive: true }).map(String);
const statusOf = (text: string): number => Number(text.split(" ")[1]);
async function begin(repository = "a/b"): Promise<string> {
  const answer = await registry.fetch(`/v2/${repository}/blobs/uploads/`, { method: "POST" });
  expect(answer.status).toBe(202);
  return answer.headers.get("location") ?? "";
}
const cancel = (location: string): Promise<Response> => registry.fetch(location, { method: "DELETE" });
const codeOf = async (answer: Response): Promise<string> => ((await answer.json()) as { errors: { code: string }[] }).errors[0]?.code ?? "";

describe("P21: paths", () => {
  it.each([
    ["PUT", "/v2/../../etc/manifests/x"],
    ["PUT", "/v2/%2e%2e%2f%2e%2e%2fetc/manifests/x"],
    ["PUT", "/v2/a/../../b/manifests/x"],
    ["PUT", "/v2/a//b/manifests/x"],
    ["PUT", "/v2/A/manifests/x"],
    ["PUT", "/v2/_uploads/manifests/x"],
    ["PUT", `/v2/${"a".repeat(300)}/manifests/x`],
    ["PUT", `/v2/${"a/".repeat(200)}a/manifests/x`],
    ["PUT", "/v2/a+b/manifests/x"],
    ["PUT", "/v2/a%00b/manifests/x"],
    ["PUT", "/v2/a/manifests/.."],
    ["PUT", "/v2/a/manifests/.hidden"],
    ["PUT", "/v2/a/manifests/..%2f..%2fx"],
    ["PUT", `/v2/a/manifests/${"t".repeat(129)}`],
    ["GET", "/v2/a/blobs/sha256:../../../etc/passwd"],
    ["GET", "/v2/a/blobs/sha256:%2e%2e%2f%2e%2e"],
    ["GET", `/v2/a/blobs/sha256:${"A".repeat(64)}`],
    ["GET", `/v2/a/blobs/sha512:${"a".repeat(64)}`],
    ["GET", `/v2/a/blobs/md5:${"a".repeat(32)}`],
    ["POST", "/v2/a/../b/blobs/uploads/"],
    ["PATCH", "/v2/a/blobs/uploads/..%2f..%2fx"],
    ["PATCH", `/v2/a/blobs/uploads/${"a".repeat(22)}`],
    ["GET", "/v2/a%/tags/list"],
    ["GET", "/v2/a/nothing/x"],
    ["GET", "/etc/passwd"],
    ["GET", "/repositories/..%2f..%2fetc"],
    ["POST", "/v2/"],
    ["DELETE", "/v2/_catalog"],
    ["TRACE", "/v2/"],
    ["GET", "/token"],
  ])("%s %s is refused, and nothing is written", async (method, path) => {
    const before = everyFile();
    const answer = await raw(method, path, "Content-Length: 2\r\n");
    expect([400, 404, 405]).toContain(statusOf(answer));
    expect(everyFile()).toEqual(before);
    expect(existsSync(join(registry.root, "../etc"))).toBe(false);
  });

  it("a name that is a word of the protocol is a name", async () => {
    const { digest } = await registry.pushImage("a/manifests/blobs/uploads", "latest", ["x"]);
    const answer = await registry.fetch("/v2/a/manifests/blobs/uploads/manifests/latest");
    expect(answer.headers.get("docker-content-digest")).toBe(digest);
  });
});

describe("P21, CVE-2023-2253: lists", () => {
  it.each([
    ["n=-1", 400],
    ["n=x", 400],
    ["n=1e9", 400],
    ["n=1000000000000", 200],
    ["n=5&last=%00%ff../../x", 200],
  ])("%s", async (query, status) => {
    expect((await registry.fetch(`/v2/_catalog?${query}`)).status).toBe(status);
  });
});

describe("P21: chunks", () => {
  it.each([
    ["a gap", "5-14", 416],
    ["the wrong way round", "9-0", 400],
    ["no range", "a-b", 400],
    ["a number that is too large", "0-99999999999999999999", 400],
    ["more than the body", "0-99", 400],
    ["less than the body", "0-3", 400],
  ])("with %s are refused", async (_, range, status) => {
    const location = await begin();
    const answer = await registry.fetch(location, { method: "PATCH", body: "0123456789", headers: { "Content-Range": range } });
    expect(answer.status).toBe(status);
    expect((await registry.fetch(location)).headers.get("range")).toBe("0-0");
    await cancel(location);
  });

  it("that overlap are refused, and the answer says where to go on", async () => {
    const location = await begin();
    await registry.fetch(location, { method: "PATCH", body: "01234", headers: { "Content-Range": "0-4" } });
    const answer = await registry.fetch(location, { method: "PATCH", body: "45678", headers: { "Content-Range": "4-8" } });
    expect([answer.status, answer.headers.get("range"), answer.headers.get("location")]).toEqual([416, "0-4", location]);
    const put = await registry.fetch(`${location}?digest=${digestOf(Buffer.from("0123456789"))}`, {
      method: "PUT",
      body: "56789",
      headers: { "Content-Range": "5-9" },
    });
    expect(put.status).toBe(201);
  });

  it("whose body in pieces is longer than their range are refused", async () => {
    const location = await begin();
    const body = ReadableStream.from([new Uint8Array(5), new Uint8Array(50)]);
    const answer = await registry.fetch(location, { method: "PATCH", body, duplex: "half", headers: { "Content-Range": "0-9" } });
    expect([answer.status, await codeOf(answer)]).toEqual([400, "SIZE_INVALID"]);
    await cancel(location);
  });

  it("of two clients at once do not mix", async () => {
    const location = await begin();
    const goOn = Promise.withResolvers<void>();
    const body = ReadableStream.from(inTwoPieces(goOn.promise));
    const first = registry.fetch(location, { method: "PATCH", body, duplex: "half" });
    await expect.poll(async () => (await registry.fetch(location)).headers.get("range")).toBe("0-3");
    const second = await registry.fetch(location, { method: "PATCH", body: "bbbb" });
    goOn.resolve();
    expect([second.status, (await first).status]).toEqual([400, 202]);
    const put = await registry.fetch(`${location}?digest=${digestOf(Buffer.from("aaaaaaaa"))}`, { method: "PUT" });
    expect(put.status).toBe(201);
  });

  it("that do not come end the request, and what came is kept", async () => {
    const location = await begin();
    const text = await new Promise<string>((resolve) => {
      const socket = net.connect(Number(registry.host.split(":")[1]), "127.0.0.1");
      socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n0123456789`);
      socket.on("data", (data) => {
        resolve(data.toString());
        socket.destroy();
      });
    });
    expect(statusOf(text)).toBe(408);
    expect((await registry.fetch(location)).headers.get("range")).toBe("0-9");
    await cancel(location);
  });

  it("of a client that vanishes are kept, and somebody else cannot go on with them", async () => {
    const location = await begin();
    await new Promise<void>((resolve) => {
      const socket = net.connect(Number(registry.host.split(":")[1]), "127.0.0.1");
      socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n0123456789`, () => {
        setTimeout(() => resolve(void socket.destroy()), 50);
      });
    });
    await expect.poll(async () => (await registry.fetch(location)).headers.get("range")).toBe("0-9");
    await expect.poll(async () => (await registry.fetch(location, { method: "PATCH", body: "ab" })).status).toBe(202);
    expect((await registry.fetch(location.replace("a/b", "a/c"))).status).toBe(404);
    const put = await registry.fetch(`${location}?digest=${digestOf(Buffer.from("0123456789ab"))}`, { method: "PUT" });
    expect(put.status).toBe(201);
  });
});

async function* inTwoPieces(goOn: Promise<void>): AsyncGenerator<Uint8Array> {
  yield Buffer.from("aaaa");
  await goOn;
  yield Buffer.from("aaaa");
}

describe("P21: uploads", () => {
  it("are only so many", async () => {
    const open = await Promise.all(Array.from({ length: 5 }, () => begin()));
    const answer = await registry.fetch("/v2/a/b/blobs/uploads/", { method: "POST" });
    expect([answer.status, await codeOf(answer)]).toEqual([429, "TOOMANYREQUESTS"]);
    for (const location of open) await cancel(location);
    await cancel(await begin());
  });

  it("larger than a blob may be are refused, announced or not", async () => {
    const announced = await registry.fetch(`/v2/a/b/blobs/uploads/?digest=${digestOf(Buffer.from("x"))}`, {
      method: "POST",
      body: new Uint8Array(5_000_001),
    });
    expect(announced.status).toBe(413);
    const location = await begin();
    const body = ReadableStream.from(Array.from({ length: 60 }, () => new Uint8Array(100_000)));
    const streamed = await registry.fetch(location, { method: "PATCH", body, duplex: "half" }).catch(() => undefined);
    expect([413, undefined]).toContain(streamed?.status);
    await expect.poll(async () => (await cancel(location)).status).toBe(204);
  });

  it("of something else are thrown away", async () => {
    const location = await begin();
    const answer = await registry.fetch(`${location}?digest=${digestOf(Buffer.from("other"))}`, { method: "PUT", body: "this" });
    expect([answer.status, await codeOf(answer)]).toEqual([400, "DIGEST_INVALID"]);
    expect((await registry.fetch(location)).status).toBe(404);
    expect(readdirSync(join(registry.root, "uploads"))).toEqual([]);
  });
});

describe("P21, CVE-2017-11468: manifests", () => {
  const config = Buffer.from("{}");
  const layer = randomBytes(100);
  const image = imageManifest(config, [layer]);
  beforeAll(async () => {
    for (const bytes of [config, layer]) await registry.pushBlob("m/m", bytes);
  });
  const put = (document: unknown, type: string = mediaTypes.ociManifest): Promise<Response> =>
    registry.putManifest("m/m", "t", Buffer.from(typeof document === "string" ? document : JSON.stringify(document)), {
      "Content-Type": type,
    });
  const descriptor = { mediaType: mediaTypes.ociLayer, digest: digestOf(randomBytes(3)), size: 3 };

  it.each<[string, unknown, string, number, string]>([
    ["names a layer that is not here", { ...image, layers: [descriptor] }, mediaTypes.ociManifest, 404, "MANIFEST_BLOB_UNKNOWN"],
    ["names a config that is not here", { ...image, config: descriptor }, mediaTypes.ociManifest, 404, "MANIFEST_BLOB_UNKNOWN"],
    ["names another size", { ...image, layers: [{ ...image.layers[0], size: 99 }] }, mediaTypes.ociManifest, 400, "MANIFEST_INVALID"],
    ["is no JSON", "{", mediaTypes.ociManifest, 400, "MANIFEST_INVALID"],
    ["is a list", [], mediaTypes.ociManifest, 400, "MANIFEST_INVALID"],
    ["is null", "null", mediaTypes.ociManifest, 400, "MANIFEST_INVALID"],
    ["says one thing twice", `{"schemaVersion":2,"schemaVersion":2,"layers":[]}`, mediaTypes.ociManifest, 400, "MANIFEST_INVALID"],
    ["is of another type than it says", image, mediaTypes.ociIndex, 400, "MANIFEST_INVALID"],
    ["is of a type that nobody knows", { ...image, mediaType: undefined }, "text/html", 400, "MANIFEST_INVALID"],
    ["is of both kinds", { ...image, manifests: [] }, mediaTypes.ociManifest, 400, "MANIFEST_INVALID"],
    ["is of schema 1", { schemaVersion: 1 }, mediaTypes.ociManifest, 400, "MANIFEST_INVALID"],
    [
      "has a path for a digest",
      { ...image, layers: [{ ...descriptor, digest: "sha256:../../x" }] },
      mediaTypes.ociManifest,
      400,
      "MANIFEST_INVALID",
    ],
    ["has a size below zero", { ...image, layers: [{ ...descriptor, size: -1 }] }, mediaTypes.ociManifest, 400, "MANIFEST_INVALID"],
    ["is nested deeply", `{"schemaVersion":2,"x":${"[".repeat(5000)}${"]".repeat(5000)}}`, mediaTypes.ociManifest, 400, "MANIFEST_INVALID"],
    ["has too many layers", { ...image, layers: Array(10_001).fill(descriptor) }, mediaTypes.ociManifest, 400, "MANIFEST_INVALID"],
    ["has annotations that are none", { ...image, annotations: { a: 1 } }, mediaTypes.ociManifest, 400, "MANIFEST_INVALID"],
    [
      "is an index of what is not here",
      { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [{ ...descriptor, mediaType: mediaTypes.ociManifest }] },
      mediaTypes.ociIndex,
      404,
      "MANIFEST_BLOB_UNKNOWN",
    ],
  ])("that %s is refused", async (_, document, type, status, code) => {
    const answer = await put(document, type);
    expect([answer.status, await codeOf(answer)]).toEqual([status, code]);
    expect((await registry.fetch("/v2/m/m/manifests/t")).status).toBe(404);
  });

  it.each([true, false])("that is too large is refused (announced: %s)", async (announced) => {
    const bytes = new Uint8Array(4 * 1024 * 1024 + 1).fill(0x20);
    const body = announced ? bytes : ReadableStream.from([bytes.subarray(0, 4_000_000), bytes.subarray(4_000_000)]);
    const answer = await registry.fetch("/v2/m/m/manifests/t", {
      method: "PUT",
      body,
      ...(announced ? {} : { duplex: "half" }),
      headers: { "Content-Type": mediaTypes.ociManifest },
    });
    expect(answer.status).toBe(413);
  });

  it("of another repository's blobs is refused: what is stored is not what one may name", async () => {
    const answer = await registry.putManifest("m/other", "t", Buffer.from(JSON.stringify(image)), {
      "Content-Type": mediaTypes.ociManifest,
    });
    expect(await codeOf(answer)).toBe("MANIFEST_BLOB_UNKNOWN");
    expect((await registry.fetch(`/v2/m/other/blobs/${digestOf(layer)}`)).status).toBe(404);
  });

  it("CVE-2026-35172: that is deleted in one repository stays in the other, and a blob does not come back", async () => {
    for (const name of ["d/one", "d/two"]) await registry.pushImage(name, "t", ["shared layer"]);
    const digest = digestOf(Buffer.from("shared layer"));
    await registry.fetch(`/v2/d/one/blobs/${digest}`, { method: "DELETE" });
    await registry.fetch(`/v2/d/two/blobs/${digest}`, { method: "HEAD" });
    expect((await registry.fetch(`/v2/d/one/blobs/${digest}`)).status).toBe(404);
    expect((await registry.fetch(`/v2/d/two/blobs/${digest}`)).status).toBe(200);
  });

  it("is in an index, in an index … eight times at most", async () => {
    let child = await registry.pushManifest("n/n", "t", { ...image, layers: [] }).catch(() => undefined);
    expect(child).toBeUndefined();
    await registry.pushBlob("n/n", config);
    let bytes = JSON.stringify({ ...image, layers: [] });
    child = await registry.pushManifest("n/n", "t", { ...image, layers: [] });
    const statuses: number[] = [];
    for (let level = 1; level <= 9; level++) {
      const mediaType = level === 1 ? mediaTypes.ociManifest : mediaTypes.ociIndex;
      const next = {
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: [{ mediaType, digest: digestOf(Buffer.from(bytes)), size: bytes.length }],
      };
      bytes = JSON.stringify(next);
      const answer = await registry.putManifest("n/n", digestOf(Buffer.from(bytes)), Buffer.from(bytes), {
        "Content-Type": mediaTypes.ociIndex,
      });
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([201, 201, 201, 201, 201, 201, 201, 201, 400]);
  });
});

describe("referrers", () => {
  it("come in pages, each of them once", async () => {
    const config = Buffer.from("{}");
    await registry.pushBlob("r/r", config);
    const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf(Buffer.from("s")), size: 1 };
    const pushed: string[] = [];
    for (let at = 0; at < 25; at++) {
      const manifest = imageManifest(config, [], {
        subject,
        artifactType: at % 2 === 0 ? "a/even" : "a/odd",
        annotations: { at: String(at) },
      });
      pushed.push(await registry.pushManifest("r/r", digestOf(Buffer.from(JSON.stringify(manifest))), manifest));
    }
    const found: string[] = [];
    let pages = 0;
    for (let next: string | undefined = `/v2/r/r/referrers/${subject.digest}?n=10`; next !== undefined; pages++) {
      const answer: Response = await registry.fetch(next);
      found.push(...((await answer.json()) as { manifests: { digest: string }[] }).manifests.map(({ digest }) => digest));
      next = /^<([^>]+)>/.exec(answer.headers.get("link") ?? "")?.[1];
    }
    expect([pages, found.toSorted()]).toEqual([3, pushed.toSorted()]);
    const odd = await registry.fetch(`/v2/r/r/referrers/${subject.digest}?artifactType=a%2Fodd`);
    expect(((await odd.json()) as { manifests: unknown[] }).manifests).toHaveLength(12);
  });
});
