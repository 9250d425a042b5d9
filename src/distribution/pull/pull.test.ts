import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { imageFixture, never, type ImageFixture } from "#image/testing.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { parsePlatform, type Platform } from "#spec/platform.ts";
import type { ProgressMessage } from "#spec/progress.ts";
import { parseReference } from "#spec/reference.ts";
import type { RegistryAuth, RegistryCredential } from "#spec/registry-auth.ts";
import {
  FakeRegistry,
  imageParts,
  refuse,
  sendBlob,
  serve,
  sha,
  testPullService,
  type TestOptions,
  type TestPullService,
} from "../testing.ts";

let registry: FakeRegistry;
let fixture: ImageFixture;
const services: TestPullService[] = [];
beforeEach(async () => {
  fixture = imageFixture();
  registry = await FakeRegistry.start();
});
afterEach(async () => {
  for (const service of services.splice(0)) service.close();
  await registry[Symbol.asyncDispose]();
  fixture[Symbol.dispose]();
});

const anonymous: RegistryAuth = { credential: { kind: "anonymous" }, serverAddress: undefined };

function service(options: TestOptions = {}): TestPullService {
  const made = testPullService(
    { target: fixture.service, content: fixture.content, events: { emit: (event) => void fixture.events.push(event) } },
    options,
  );
  services.push(made);
  return made;
}

interface PullRequest {
  readonly name?: string;
  readonly platform?: Platform;
  readonly credential?: RegistryCredential;
  readonly signal?: AbortSignal;
  readonly from?: TestPullService;
}

async function pull(request: PullRequest = {}): Promise<ProgressMessage[]> {
  const lines: ProgressMessage[] = [];
  const reference = parseReference(request.name ?? `${registry.host}/x:t`);
  const auth = request.credential === undefined ? anonymous : { credential: request.credential, serverAddress: undefined };
  await (request.from ?? service()).pull(
    { reference, platform: request.platform, auth },
    (line) => lines.push(line),
    request.signal ?? never,
  );
  return lines;
}

function expectNothingKept(): void {
  expect(fixture.content.list()).toEqual([]);
  expect(fixture.snapshots.list().layers).toEqual([]);
  expect(fixture.service.images.all()).toEqual([]);
}

const statuses = (lines: readonly ProgressMessage[], id: string | undefined): unknown[] =>
  lines.filter((line) => "status" in line && line.id === id).map((line) => ("status" in line ? line.status : ""));

describe("pulling an image", () => {
  it("tells every layer's life in the words of Docker's client", async () => {
    const parts = imageParts(["one", "two"]);
    const { digest } = serve(registry, "x", "t", parts);
    const lines = await pull();
    expect(lines[0]).toEqual({ status: "Pulling from x", id: "t" });
    const id = sha(parts.packed[0] ?? Buffer.alloc(0)).slice(7, 19);
    expect(new Set(statuses(lines, id))).toEqual(
      new Set(["Pulling fs layer", "Downloading", "Verifying Checksum", "Download complete", "Extracting", "Pull complete"]),
    );
    expect(lines.at(-2)).toEqual({ status: `Digest: ${digest}` });
    expect(lines.at(-1)).toEqual({ status: `Status: Downloaded newer image for ${registry.host}/x:t` });
  });

  it("keeps the blobs as they came, and the image under its tag and its digest", async () => {
    const parts = imageParts(["one", "two"]);
    const { digest } = serve(registry, "x", "t", parts);
    await pull();
    const { image, size } = fixture.service.inspect(`${registry.host}/x@${digest}`);
    expect(image.id).toBe(sha(parts.config));
    expect(fixture.service.inspect(`${registry.host}/x:t`).image).toBe(image);
    expect(size).toBe(6);
    expect(image.layers.map(({ blob }) => blob?.digest)).toEqual(parts.packed.map(sha));
    expect(new Set(fixture.content.blobs.keys())).toEqual(new Set([...parts.packed.map(sha), sha(parts.config), digest]));
    expect(fixture.events).toEqual([
      { type: "image", action: "pull", id: `${registry.host}/x:t`, attributes: { name: `${registry.host}/x`, of: "one,two" } },
    ]);
  });

  it("asks again and finds the image up to date, without a layer fetched", async () => {
    serve(registry, "x", "t", imageParts(["one"]));
    await pull();
    const before = registry.count("/blobs/");
    const lines = await pull();
    expect(lines.at(-1)).toEqual({ status: `Status: Image is up to date for ${registry.host}/x:t` });
    expect(registry.count("/blobs/")).toBe(before);
  });

  it("fetches only the layers that are not here", async () => {
    serve(registry, "x", "t", imageParts(["one"]));
    const bigger = imageParts(["one", "two"]);
    serve(registry, "x", "u", bigger);
    await pull();
    const lines = await pull({ name: `${registry.host}/x:u` });
    expect(statuses(lines, sha(bigger.packed[0] ?? Buffer.alloc(0)).slice(7, 19))).toEqual(["Already exists"]);
  });

  it("pulls by digest, and says so", async () => {
    const { digest } = serve(registry, "x", undefined, imageParts(["one"]));
    const lines = await pull({ name: `${registry.host}/x@${digest}` });
    expect(lines[0]).toEqual({ status: "Pulling from x", id: `${registry.host}/x@${digest}` });
    expect(fixture.service.inspect(`${registry.host}/x@${digest}`).image.references).toHaveLength(1);
  });

  it("pulls every tag of a repository, page by page", async () => {
    serve(registry, "x", "a", imageParts(["one"]));
    serve(registry, "x", "b", imageParts(["two"]));
    registry.hook = (request, response) => {
      if (!(request.url ?? "").includes("/tags/list")) return false;
      const isFirst = !(request.url ?? "").includes("last=a");
      if (isFirst) response.setHeader("Link", '</v2/x/tags/list?n=1&last=a>; rel="next"');
      response.end(JSON.stringify({ name: "x", tags: [isFirst ? "a" : "b"] }));
      return true;
    };
    await pull({ name: `${registry.host}/x` });
    const tags = fixture.service.images.all().flatMap(({ references }) => references.flatMap(({ tag }) => tag ?? []));
    expect(new Set(tags)).toEqual(new Set(["a", "b"]));
  });

  it("unpacks a layer while the next still downloads", async () => {
    const parts = imageParts(["one", "two"]);
    serve(registry, "x", "t", parts);
    const held = Promise.withResolvers<void>();
    registry.hook = (request, response) => {
      if (!(request.url ?? "").endsWith(sha(parts.packed[1] ?? Buffer.alloc(0)))) return false;
      void held.promise.then(() => sendBlob(request, response, parts.packed[1]));
      return true;
    };
    const lines: ProgressMessage[] = [];
    const first = sha(parts.packed[0] ?? Buffer.alloc(0)).slice(7, 19);
    const sink = (line: ProgressMessage): void => {
      lines.push(line);
      if ("status" in line && line.status === "Pull complete" && line.id === first) held.resolve();
    };
    await service().pull({ reference: parseReference(`${registry.host}/x:t`), platform: undefined, auth: anonymous }, sink, never);
    expect(lines.at(-1)).toHaveProperty("status", `Status: Downloaded newer image for ${registry.host}/x:t`);
  });

  it("downloads once for many identical pulls, three layers at a time", async () => {
    const parts = imageParts(["1", "2", "3", "4", "5", "6"]);
    serve(registry, "x", "t", parts);
    let [now, most] = [0, 0];
    registry.hook = (request, response) => {
      const digest = /\/blobs\/(.+)$/.exec(request.url ?? "")?.[1];
      if (digest === undefined || digest === sha(parts.config)) return false;
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        sendBlob(request, response, registry.blobs.get(digest));
      }, 20);
      return true;
    };
    const one = service();
    const [lines = []] = await Promise.all(Array.from({ length: 20 }, () => pull({ from: one })));
    expect(lines.filter((line) => "status" in line && line.status === "Waiting")).not.toEqual([]);
    expect(registry.count("/blobs/")).toBe(7);
    expect(most).toBe(3);
    expect(fixture.service.images.all()).toHaveLength(1);
  });
});

describe("platforms", () => {
  function serveIndex(): { index: { digest: string } } {
    const [amd, arm] = [imageParts(["amd"]), imageParts(["arm"], { architecture: "arm64" })];
    const entries = [
      {
        ...serve(registry, "x", undefined, arm),
        mediaType: mediaTypes.ociManifest,
        platform: { os: "linux", architecture: "arm64", variant: "v8" },
      },
      { ...serve(registry, "x", undefined, amd), mediaType: mediaTypes.ociManifest, platform: { os: "linux", architecture: "amd64" } },
    ];
    return {
      index: registry.addManifest("x", "t", { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: entries }, mediaTypes.ociIndex),
    };
  }

  it("takes the host's from an index, whose digest is the repository's", async () => {
    const { index } = serveIndex();
    const lines = await pull();
    expect(lines.at(-2)).toEqual({ status: `Digest: ${index.digest}` });
    const { image } = fixture.service.inspect(`${registry.host}/x@${index.digest}`);
    expect(image.config.architecture).toBe("amd64");
    expect(image.manifest).not.toBe(index.digest);
  });

  it("takes the one that is asked for", async () => {
    serveIndex();
    await pull({ platform: parsePlatform("linux/arm64") });
    expect(fixture.service.inspect(`${registry.host}/x:t`).image.config.architecture).toBe("arm64");
  });

  it("says when there is none", async () => {
    serveIndex();
    await expect(pull({ platform: parsePlatform("linux/s390x") })).rejects.toThrow(
      expect.objectContaining({ category: "not-found", message: "no matching manifest for linux/s390x in the manifest list entries" }),
    );
    expectNothingKept();
  });

  it("warns of an image without a list that is for another", async () => {
    serve(registry, "x", "t", imageParts(["one"]));
    const lines = await pull({ platform: parsePlatform("linux/arm64") });
    expect(lines).toContainEqual({
      status: `WARNING: image with reference ${registry.host}/x:t was found but its platform (linux/amd64) does not match the specified platform (linux/arm64)`,
    });
  });
});

describe("what is missing or refused", () => {
  it.each<[string, (response: ServerResponse) => void, object]>([
    [
      "a tag that is not there",
      (response) => refuse(response, 404, "MANIFEST_UNKNOWN", "manifest unknown"),
      { category: "not-found", message: "manifest for H/x:t not found: manifest unknown: manifest unknown" },
    ],
    [
      "404 and nothing else",
      (response) => void response.writeHead(404).end("gone"),
      { category: "not-found", message: "manifest for H/x:t not found: manifest unknown: manifest unknown" },
    ],
    [
      "access denied",
      (response) => refuse(response, 403, "DENIED", "requested access to the resource is denied"),
      {
        category: "not-found",
        message:
          "pull access denied for H/x, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      },
    ],
    [
      "403 and much text",
      (response) => void response.writeHead(403).end(Buffer.alloc(1024 * 1024, "x")),
      {
        category: "not-found",
        message:
          "pull access denied for H/x, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      },
    ],
    [
      "an unknown repository",
      (response) => refuse(response, 404, "NAME_UNKNOWN", "unknown"),
      { category: "not-found", message: "repository H/x not found: name unknown: unknown" },
    ],
    [
      "a limit on requests",
      (response) => refuse(response, 429, "TOOMANYREQUESTS", "slow down\u001b[31m"),
      { category: "unavailable", message: "toomanyrequests: slow down [31m" },
    ],
    [
      "a broken server",
      (response) => void response.writeHead(503).end(),
      { category: "unavailable", message: "received unexpected HTTP status: 503 Service Unavailable" },
    ],
  ])("%s", async (_, answer, expected) => {
    registry.hook = (request, response) => {
      if (!(request.url ?? "").includes("/manifests/")) return false;
      answer(response);
      return true;
    };
    const shown = JSON.parse(JSON.stringify(expected).replaceAll("H/", `${registry.host}/`)) as object;
    await expect(pull()).rejects.toThrow(expect.objectContaining(shown));
  });

  it("says where nobody listens", async () => {
    const { port } = registry;
    await registry[Symbol.asyncDispose]();
    const name = `localhost:${port}/x:t`;
    await expect(pull({ name })).rejects.toThrow(
      expect.objectContaining({
        category: "unavailable",
        message: expect.stringMatching(/^Get "https?:\/\/localhost:\d+\/v2\/": dial tcp localhost:\d+: connect: connection refused$/),
      }),
    );
    registry = await FakeRegistry.start();
  });

  it("refuses the name scratch", async () => {
    await expect(pull({ name: "scratch:latest" })).rejects.toThrow("'scratch' is a reserved name");
  });

  it("goes away with its client", async () => {
    const parts = imageParts(["one", "two"]);
    serve(registry, "x", "t", parts);
    const controller = new AbortController();
    registry.hook = (request) => {
      if (!(request.url ?? "").endsWith(sha(parts.packed[1] ?? Buffer.alloc(0)))) return false;
      setTimeout(() => controller.abort(), 20);
      return true;
    };
    await expect(pull({ signal: controller.signal, from: service({ stallMs: 10_000 }) })).rejects.toThrow(
      expect.objectContaining({ category: "cancelled" }),
    );
    expectNothingKept();
  });

  it("leaves the download to another pull that wants it too", async () => {
    const parts = imageParts(["one"]);
    serve(registry, "x", "t", parts);
    const controller = new AbortController();
    const held = Promise.withResolvers<void>();
    registry.hook = (request, response) => {
      if (!(request.url ?? "").endsWith(sha(parts.packed[0] ?? Buffer.alloc(0)))) return false;
      void held.promise.then(() => sendBlob(request, response, parts.packed[0]));
      return true;
    };
    const one = service({ stallMs: 10_000 });
    const leaving = pull({ signal: controller.signal, from: one });
    const staying = pull({ from: one });
    await expect.poll(() => registry.count(sha(parts.packed[0] ?? Buffer.alloc(0)))).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort();
    await expect(leaving).rejects.toThrow("context canceled");
    held.resolve();
    await staying;
    expect(registry.count(sha(parts.packed[0] ?? Buffer.alloc(0)))).toBe(1);
  });
});
