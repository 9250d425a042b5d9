/**
 * The distribution specification's own conformance list (conformance/ of its repository, version 1.1 and what `main` has added), case by
 * case and by its names, against a registry in this process. Nothing of it is skipped; what is optional there and missing here is none.
 */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { type BlobDigest, digestOf } from "#registry/protocol/digest.ts";
import { imageManifest, ServedRegistry } from "#registry/testing.ts";

const REPOSITORY = "conformance/repo1";
const OTHER = "conformance/repo2";

let registry: ServedRegistry;
beforeAll(async () => {
  registry = await ServedRegistry.start();
});
afterAll(async () => registry[Symbol.asyncDispose]());

type Algorithm = "sha256" | "sha512";
const body = (bytes: Buffer): RequestInit => ({ body: new Uint8Array(bytes) });
const path = (rest: string, repository = REPOSITORY): string => `/v2/${repository}/${rest}`;
const call = (method: string, where: string, init: RequestInit = {}): Promise<Response> => registry.fetch(where, { ...init, method });

async function begin(query = ""): Promise<string> {
  const answer = await call("POST", path(`blobs/uploads/${query}`));
  expect(answer.status).toBe(202);
  const location = answer.headers.get("location") ?? "";
  expect(location).not.toBe("");
  return location;
}

/** Sends a chunk, and finds what the specification wants of the answer; gives the next location. */
async function chunk(location: string, bytes: Buffer, from: number): Promise<string> {
  const end = from + bytes.length - 1;
  const answer = await call("PATCH", location, {
    ...body(bytes),
    headers: { "Content-Range": `${from}-${end}`, "Content-Type": "application/octet-stream" },
  });
  expect(answer.status).toBe(202);
  expect(answer.headers.get("range")).toBe(`0-${end}`);
  return answer.headers.get("location") ?? "";
}

async function finish(location: string, digest: string, init: RequestInit = {}, status = 201): Promise<Response> {
  const answer = await call("PUT", `${location}?digest=${digest}`, init);
  expect(answer.status, await answer.clone().text()).toBe(status);
  if (status === 201) expect(answer.headers.get("location")).toBe(path(`blobs/${digest}`));
  return answer;
}

const stream = (bytes: Buffer): RequestInit & { duplex: "half" } => ({
  body: ReadableStream.from([new Uint8Array(bytes.subarray(0, 3)), new Uint8Array(bytes.subarray(3))]),
  duplex: "half",
});

/** Every way to send a blob that the list has, by its name there. */
const ways: Readonly<Record<string, (bytes: Buffer, digest: string, status?: number) => Promise<unknown>>> = {
  "post only": async (bytes, digest, status = 201) => {
    const answer = await call("POST", path(`blobs/uploads/?digest=${digest}`), body(bytes));
    expect(answer.status).toBe(status);
  },
  "post+put": async (bytes, digest, status) => finish(await begin(), digest, body(bytes), status),
  "chunked single": async (bytes, digest, status) => finish(await chunk(await begin(), bytes, 0), digest, {}, status),
  stream: async (bytes, digest, status) => {
    const answer = await call("PATCH", await begin(), stream(bytes));
    expect(answer.status).toBe(202);
    return finish(answer.headers.get("location") ?? "", digest, {}, status);
  },
  "chunked multi": async (bytes, digest, status) => {
    const middle = Math.floor(bytes.length / 2);
    const location = await chunk(await begin(), bytes.subarray(0, middle), 0);
    return finish(await chunk(location, bytes.subarray(middle), middle), digest, {}, status);
  },
  "chunked multi and put chunk": async (bytes, digest, status) => {
    const middle = Math.floor(bytes.length / 2);
    const location = await chunk(await begin(), bytes.subarray(0, middle), 0);
    const range = { "Content-Range": `${middle}-${bytes.length - 1}` };
    return finish(location, digest, { ...body(bytes.subarray(middle)), headers: range }, status);
  },
  "chunked out-of-order": async (bytes, digest, status) => {
    const middle = Math.floor(bytes.length / 2);
    const begun = await begin();
    const late = { ...body(bytes.subarray(middle)), headers: { "Content-Range": `${middle}-${bytes.length - 1}` } };
    expect((await call("PATCH", begun, late)).status).toBe(416);
    const location = await chunk(begun, bytes.subarray(0, middle), 0);
    const found = await call("GET", location);
    expect(found.status).toBe(204);
    expect(found.headers.get("range")).toBe(`0-${middle - 1}`);
    return finish(await chunk(found.headers.get("location") ?? "", bytes.subarray(middle), middle), digest, {}, status);
  },
  "chunked out-of-order and put chunk": async (bytes, digest, status) => {
    const middle = Math.floor(bytes.length / 2);
    const location = await chunk(await begin(), bytes.subarray(0, middle), 0);
    const early = { ...body(bytes.subarray(middle)), headers: { "Content-Range": `${middle + 1}-${bytes.length}` } };
    expect((await call("PUT", `${location}?digest=${digest}`, early)).status).toBe(416);
    const range = { "Content-Range": `${middle}-${bytes.length - 1}` };
    return finish(location, digest, { ...body(bytes.subarray(middle)), headers: range }, status);
  },
};

describe("ping", () => {
  it("answers 200", async () => expect((await call("GET", "/v2/")).status).toBe(200));
});

describe.each<Algorithm>(["sha256", "sha512"])("%s blobs", (algorithm) => {
  it("get-missing", async () => {
    const missing = digestOf(randomBytes(10), algorithm);
    for (const method of ["GET", "HEAD"]) expect((await call(method, path(`blobs/${missing}`))).status).toBe(404);
  });

  it.each(Object.keys(ways))("%s", async (way) => {
    const bytes = randomBytes(5000);
    const digest = digestOf(bytes, algorithm);
    await ways[way]?.(bytes, digest);
    const head = await call("HEAD", path(`blobs/${digest}`));
    expect([head.status, head.headers.get("content-length"), head.headers.get("docker-content-digest")]).toEqual([200, "5000", digest]);
    const got = await call("GET", path(`blobs/${digest}`));
    expect(got.status).toBe(200);
    expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true);
    expect((await call("DELETE", path(`blobs/${digest}`))).status).toBe(202);
    expect((await call("GET", path(`blobs/${digest}`))).status).toBe(404);
  });

  it("digest-algorithm parameter", async () => {
    const bytes = randomBytes(100);
    await finish(await begin(`?digest-algorithm=${algorithm}`), digestOf(bytes, algorithm), body(bytes));
    expect((await call("POST", path("blobs/uploads/?digest-algorithm=md5"))).status).toBe(400);
  });

  it("post cancel", async () => {
    const location = await begin();
    expect((await call("DELETE", location)).status).toBe(204);
    for (const method of ["GET", "DELETE"]) expect((await call(method, location)).status).toBe(404);
  });

  it.each(["mount", "mount anonymous"])("%s", async (kind) => {
    const bytes = randomBytes(1000);
    const digest = digestOf(bytes, algorithm);
    expect((await call("POST", path(`blobs/uploads/?digest=${digest}`, OTHER), body(bytes))).status).toBe(201);
    const from = kind === "mount" ? `&from=${OTHER}` : "";
    const answer = await call("POST", path(`blobs/uploads/?mount=${digest}${from}`));
    expect(answer.status).toBe(201);
    expect(answer.headers.get("location")).toBe(path(`blobs/${digest}`));
    expect(Buffer.from(await (await call("GET", path(`blobs/${digest}`))).arrayBuffer()).equals(bytes)).toBe(true);
  });

  it("mount missing", async () => {
    const bytes = randomBytes(1000);
    const digest = digestOf(bytes, algorithm);
    const answer = await call("POST", path(`blobs/uploads/?mount=${digest}&from=${OTHER}`));
    expect(answer.status).toBe(202);
    await finish(answer.headers.get("location") ?? "", digest, body(bytes));
  });

  it.each(["post only", "post+put", "chunked single", "chunked multi and put chunk", "stream"])("bad digest %s", async (way) => {
    const digest = digestOf(randomBytes(10), algorithm);
    await ways[way]?.(randomBytes(5000), digest, 400);
    expect((await call("HEAD", path(`blobs/${digest}`))).status).toBe(404);
  });

  it.each([
    ["empty", Buffer.alloc(0)],
    ["emptyJSON", Buffer.from("{}")],
  ])("%s", async (_, bytes) => {
    const digest = digestOf(bytes, algorithm);
    await ways["post+put"]?.(bytes, digest);
    await ways["post only"]?.(bytes, digest);
    const got = await call("GET", path(`blobs/${digest}`));
    expect([got.status, got.headers.get("content-length"), await got.text()]).toEqual([200, String(bytes.length), bytes.toString()]);
  });
});

describe("range requests", () => {
  const bytes = randomBytes(2500);
  beforeAll(async () => registry.pushBlob(REPOSITORY, bytes));

  it.each<[string, number, string | null, number, number]>([
    ["bytes=500-1499", 206, "bytes 500-1499/2500", 500, 1500],
    ["bytes=500-", 206, "bytes 500-2499/2500", 500, 2500],
    ["bytes=-500", 206, "bytes 2000-2499/2500", 2000, 2500],
    ["bytes=2000-5000", 206, "bytes 2000-2499/2500", 2000, 2500],
    ["bytes=500-0", 200, null, 0, 2500],
    ["bytes=5000-10000", 416, "bytes */2500", 0, 0],
  ])("range %s", async (range, status, contentRange, from, to) => {
    const answer = await call("GET", path(`blobs/${digestOf(bytes)}`), { headers: { Range: range } });
    expect([answer.status, answer.headers.get("content-range")]).toEqual([status, contentRange]);
    const got = Buffer.from(await answer.arrayBuffer());
    if (status < 400) expect(got.equals(bytes.subarray(from, to))).toBe(true);
  });
});

/** Every kind of data that the list pushes, pulls, finds and deletes again. */
interface Case {
  readonly blobs: readonly Buffer[];
  /** In the order in which they are to be pushed. */
  readonly manifests: readonly object[];
  readonly tags?: readonly string[];
}

const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
const empty = Buffer.from("{}");
const layers = [randomBytes(200), randomBytes(300)];
const image = imageManifest(config, layers);
const descriptor = (manifest: object, more: object = {}) => {
  const bytes = Buffer.from(JSON.stringify(manifest));
  return { mediaType: String((manifest as { mediaType?: string }).mediaType), digest: digestOf(bytes), size: bytes.length, ...more };
};
const index = (manifests: readonly object[], more: object = {}) => ({
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests: manifests.map((manifest) => descriptor(manifest, { platform: { os: "linux", architecture: "amd64" } })),
  ...more,
});
const emptyConfig = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf(empty), size: 2 };
const artifact = { ...imageManifest(empty, [layers[0] as Buffer]), config: emptyConfig, artifactType: "application/vnd.example.sbom" };
const foreign = {
  mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar",
  digest: digestOf(randomBytes(9)),
  size: 9,
  urls: ["https://example.com/x"],
};
const allBlobs = [config, empty, ...layers];

const data: Readonly<Record<string, Case>> = {
  image: { blobs: allBlobs, manifests: [image], tags: ["image", "latest"] },
  "image uncompressed, docker media types": {
    blobs: allBlobs,
    manifests: [{ ...image, mediaType: mediaTypes.dockerManifest, config: { ...image.config, mediaType: mediaTypes.dockerConfig } }],
    tags: ["docker"],
  },
  index: { blobs: allBlobs, manifests: [image, index([image])], tags: ["index"] },
  "docker list": { blobs: allBlobs, manifests: [image, { ...index([image]), mediaType: mediaTypes.dockerList }], tags: ["list"] },
  "nested index": { blobs: allBlobs, manifests: [image, index([image]), index([index([image]), image])], tags: ["nested"] },
  artifact: { blobs: allBlobs, manifests: [artifact], tags: ["artifact"] },
  "artifact without artifactType": {
    blobs: allBlobs,
    manifests: [{ ...artifact, artifactType: undefined, config: { ...emptyConfig, mediaType: "application/vnd.example.config" } }],
  },
  subject: { blobs: allBlobs, manifests: [image, { ...artifact, subject: descriptor(image), annotations: { "org.example": "1" } }] },
  "subject missing": {
    blobs: allBlobs,
    manifests: [{ ...artifact, subject: { ...descriptor(image), digest: digestOf(randomBytes(5)) } }],
  },
  "artifact list": {
    blobs: allBlobs,
    manifests: [artifact, index([artifact], { artifactType: "application/vnd.example.list" })],
    tags: ["al"],
  },
  "subject list": {
    blobs: allBlobs,
    manifests: [
      image,
      index([image], { artifactType: "application/vnd.example.list", subject: descriptor(image), annotations: { a: "b" } }),
    ],
  },
  "data field": {
    blobs: allBlobs,
    manifests: [{ ...artifact, config: { ...emptyConfig, data: "e30=" } }],
    tags: ["data"],
  },
  nondistributable: { blobs: allBlobs, manifests: [{ ...image, layers: [...image.layers, foreign] }], tags: ["foreign"] },
  "custom fields": { blobs: allBlobs, manifests: [{ ...image, "org.example.field": { deep: [1, "2"] } }], tags: ["custom"] },
  "no layers": { blobs: allBlobs, manifests: [{ ...image, layers: [] }], tags: ["none"] },
  "empty blob": { blobs: [...allBlobs, Buffer.alloc(0)], manifests: [imageManifest(config, [Buffer.alloc(0)])], tags: ["empty"] },
};

const bytesOf = (manifest: object): Buffer => Buffer.from(JSON.stringify(manifest));
const typeOf = (manifest: object): string => String((manifest as { mediaType: string }).mediaType);
const subjectOf = (manifest: object): string | null => (manifest as { subject?: { digest: string } }).subject?.digest ?? null;

describe.each(Object.entries(data))("data: %s", (_, { blobs, manifests, tags = [] }) => {
  const last = manifests.at(-1) as object;

  it("push, head, pull, list, referrers, delete", async () => {
    for (const bytes of blobs) expect(await registry.pushBlob(REPOSITORY, bytes)).toBe(digestOf(bytes));
    for (const manifest of manifests) await pushed(manifest);
    for (const tag of tags) await pushedByTag(last, tag);
    await listed(tags);
    for (const manifest of manifests) await referred(manifest);
    await deleted(manifests, tags);
  });
});

async function pushed(manifest: object): Promise<void> {
  const bytes = bytesOf(manifest);
  const digest = digestOf(bytes);
  const answer = await registry.putManifest(REPOSITORY, digest, bytes, { "Content-Type": typeOf(manifest) });
  expect(answer.status, await answer.clone().text()).toBe(201);
  expect(answer.headers.get("location")).toBe(path(`manifests/${digest}`));
  expect(answer.headers.get("oci-subject")).toBe(subjectOf(manifest));
  await pulled(digest, manifest);
}

async function pushedByTag(manifest: object, tag: string): Promise<void> {
  const answer = await registry.putManifest(REPOSITORY, tag, bytesOf(manifest), { "Content-Type": typeOf(manifest) });
  expect([answer.status, answer.headers.get("docker-content-digest")]).toEqual([201, digestOf(bytesOf(manifest))]);
  await pulled(tag, manifest);
}

async function pulled(reference: string, manifest: object): Promise<void> {
  const bytes = bytesOf(manifest);
  for (const method of ["HEAD", "GET"]) {
    const answer = await call(method, path(`manifests/${reference}`));
    const headers = ["content-type", "content-length", "docker-content-digest"].map((name) => answer.headers.get(name));
    expect([answer.status, ...headers]).toEqual([200, typeOf(manifest), String(bytes.length), digestOf(bytes)]);
    expect(await answer.text()).toBe(method === "HEAD" ? "" : bytes.toString());
  }
}

async function listed(tags: readonly string[]): Promise<void> {
  if (tags.length === 0) return;
  const all = (await (await call("GET", path("tags/list"))).json()) as { name: string; tags: string[] };
  expect(all.name).toBe(REPOSITORY);
  expect(all.tags).toEqual(expect.arrayContaining([...tags]));
  expect(all.tags).toEqual(all.tags.toSorted());
  const rest = (await (await call("GET", path(`tags/list?last=${all.tags[0]}`))).json()) as { tags: string[] };
  expect(rest.tags).toEqual(all.tags.slice(1));
}

async function referred(manifest: object): Promise<void> {
  const subject = subjectOf(manifest);
  if (subject === null) return;
  const { artifactType, annotations } = manifest as { artifactType: string; annotations?: object };
  const entry = { ...descriptor(manifest), artifactType, ...(annotations === undefined ? {} : { annotations }) };
  for (const query of ["", `?artifactType=${encodeURIComponent(artifactType)}`]) {
    const answer = await call("GET", path(`referrers/${subject}${query}`));
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, mediaTypes.ociIndex]);
    expect(answer.headers.get("oci-filters-applied")).toBe(query === "" ? null : "artifactType");
    expect(await answer.json()).toMatchObject({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [entry] });
  }
  const other = await call("GET", path(`referrers/${subject}?artifactType=application/other`));
  expect(await other.json()).toMatchObject({ manifests: [] });
}

/** Tags, then manifests (from the last on, so that nothing is named that is gone), then blobs; each at once. */
async function deleted(manifests: readonly object[], tags: readonly string[]): Promise<void> {
  for (const tag of tags) {
    expect((await call("DELETE", path(`manifests/${tag}`))).status).toBe(202);
    expect((await call("GET", path(`manifests/${tag}`))).status).toBe(404);
  }
  for (const manifest of manifests.toReversed()) {
    const digest = digestOf(bytesOf(manifest));
    expect((await call("DELETE", path(`manifests/${digest}`))).status).toBe(202);
    expect((await call("GET", path(`manifests/${digest}`))).status).toBe(404);
    const subject = subjectOf(manifest);
    if (subject !== null) expect(await (await call("GET", path(`referrers/${subject}`))).json()).toMatchObject({ manifests: [] });
  }
}

describe("data: sparse", () => {
  it.each(["image", "index"])("%s is refused: a registry of ours has what its manifests name", async (kind) => {
    for (const bytes of allBlobs) await registry.pushBlob(REPOSITORY, bytes);
    const gone = imageManifest(config, [randomBytes(20)]);
    const manifest = kind === "image" ? gone : index([gone]);
    const answer = await registry.putManifest(REPOSITORY, `sparse-${kind}`, bytesOf(manifest), { "Content-Type": typeOf(manifest) });
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining("MANIFEST_BLOB_UNKNOWN")]);
  });
});

describe("tags as parameters of a manifest by digest", () => {
  it("sets each, and says so", async () => {
    for (const bytes of allBlobs) await registry.pushBlob(REPOSITORY, bytes);
    const digest = digestOf(bytesOf(image));
    const answer = await registry.putManifest(REPOSITORY, `${digest}?tag=1.2.3&tag=1.2&tag=1`, bytesOf(image), {
      "Content-Type": typeOf(image),
    });
    expect([answer.status, answer.headers.get("oci-tag")]).toEqual([201, "1.2.3, 1.2, 1"]);
    for (const tag of ["1.2.3", "1.2", "1"]) await pulled(tag, image);
  });
});

describe("content by sha512", () => {
  it("image", async () => {
    const digests = [config, ...layers].map((bytes) => digestOf(bytes, "sha512"));
    for (const [at, bytes] of [config, ...layers].entries()) await ways["post+put"]?.(bytes, digests[at] as BlobDigest);
    const manifest = {
      ...image,
      config: { ...image.config, digest: digests[0] },
      layers: image.layers.map((layer, at) => ({ ...layer, digest: digests[at + 1] })),
    };
    const digest = digestOf(bytesOf(manifest), "sha512");
    const answer = await registry.putManifest(REPOSITORY, digest, bytesOf(manifest), { "Content-Type": typeOf(manifest) });
    expect([answer.status, answer.headers.get("docker-content-digest")]).toEqual([201, digest]);
    const got = await call("GET", path(`manifests/${digest}`));
    expect([got.status, await got.text()]).toEqual([200, bytesOf(manifest).toString()]);
  });
});

describe("empty", () => {
  it("tag list of a repository that is not there", async () => expect((await call("GET", path("tags/list", "no/such"))).status).toBe(404));
  it("referrers of what is not there", async () => {
    const answer = await call("GET", path(`referrers/${digestOf(randomBytes(4))}`));
    expect([answer.status, answer.headers.get("content-type"), await answer.json()]).toEqual([
      200,
      mediaTypes.ociIndex,
      { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] },
    ]);
  });
});

describe("manifest errors", () => {
  it.each([
    ["by-digest", digestOf(randomBytes(1024))],
    ["by-tag", "missing-tag"],
  ])("missing manifest %s", async (_, reference) => {
    for (const method of ["GET", "HEAD", "DELETE"]) expect((await call(method, path(`manifests/${reference}`))).status).toBe(404);
    const { errors } = (await (await call("GET", path(`manifests/${reference}`))).json()) as { errors: { code: string }[] };
    expect(errors[0]?.code).toBe("MANIFEST_UNKNOWN");
  });

  it("invalid digest format", async () => {
    const put = await registry.putManifest(REPOSITORY, "sha256:baddigeststring", bytesOf(image), { "Content-Type": typeOf(image) });
    expect(put.status).toBe(400);
    expect((await call("GET", path("manifests/sha256:baddigeststring"))).status).toBe(400);
    expect((await call("GET", path("blobs/sha256:baddigeststring"))).status).toBe(400);
    expect((await call("GET", path("referrers/sha256:baddigeststring"))).status).toBe(400);
  });
});

describe("tag pagination", () => {
  const names = ["test0", "test1", "test2", "test3"];
  beforeAll(async () => {
    for (const tag of names) await registry.pushImage("conformance/pages", tag, ["x"]);
  });
  const tags = async (query: string): Promise<[string[], string | null]> => {
    const answer = await call("GET", path(`tags/list${query}`, "conformance/pages"));
    expect(answer.status).toBe(200);
    return [((await answer.json()) as { tags: string[] }).tags, answer.headers.get("link")];
  };

  it("all", async () => expect(await tags("")).toEqual([names, null]));
  it("n", async () => {
    const [first, link] = await tags("?n=2");
    expect(first).toEqual(["test0", "test1"]);
    const next = /^<([^>]+)>; rel="next"$/.exec(link ?? "")?.[1] ?? "";
    const answer = await call("GET", next);
    expect([await answer.json(), answer.headers.get("link")]).toEqual([{ name: "conformance/pages", tags: ["test2", "test3"] }, null]);
  });
  it("last", async () => expect((await tags("?last=test1"))[0]).toEqual(["test2", "test3"]));
  it("n and last", async () => expect((await tags("?n=1&last=test1"))[0]).toEqual(["test2"]));
  it("n=0", async () => expect(await tags("?n=0")).toEqual([[], null]));
});
