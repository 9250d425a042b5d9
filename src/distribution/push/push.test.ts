import { randomBytes } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EngineEvent } from "#events/contract.ts";
import { configJson, dockerArchive, imageFixture, layerTar, load, never, type ImageFixture } from "#image/testing.ts";
import { silentLogger } from "#lib/logger.ts";
import { packTar } from "#lib/tar-pack.ts";
import { parsePlatform, type Platform } from "#spec/platform.ts";
import type { ProgressMessage } from "#spec/progress.ts";
import { parseReference } from "#spec/reference.ts";
import type { RegistryAuth } from "#spec/registry-auth.ts";
import { createCompressor } from "#store/compress/compressor.ts";
import { FakeRegistry, imageParts, refuse, serve, sha, testPullService, testRegistries, type TestOptions } from "../testing.ts";
import { createPushService } from "./push.ts";

const compressor = createCompressor({ threads: 3 });
let registry: FakeRegistry;
let other: FakeRegistry;
let fixture: ImageFixture;
let events: Omit<EngineEvent, "timeNano">[];
const closing: (() => void)[] = [];
beforeEach(async () => {
  fixture = imageFixture();
  events = [];
  [registry, other] = [await FakeRegistry.start(), await FakeRegistry.start()];
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await registry[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  fixture[Symbol.dispose]();
});
afterAll(() => compressor.close());

const anonymous: RegistryAuth = { credential: { kind: "anonymous" }, serverAddress: undefined };
const login: RegistryAuth = { credential: { kind: "basic", username: "user", password: "SECRET" }, serverAddress: undefined };

interface PushRequest {
  readonly auth?: RegistryAuth;
  readonly platform?: Platform;
  readonly signal?: AbortSignal;
  readonly options?: TestOptions;
}

async function push(
  name: string,
  { auth = anonymous, platform, signal = never, options = {} }: PushRequest = {},
): Promise<ProgressMessage[]> {
  const registries = testRegistries(options);
  closing.push(() => registries.close());
  const lines: ProgressMessage[] = [];
  const sink = { emit: (event: Omit<EngineEvent, "timeNano">) => void events.push(event) };
  const deps = { registries, source: fixture.service, content: fixture.content, compressor, events: sink, logger: silentLogger };
  const service = createPushService(deps, { concurrentUploads: options.concurrentUploads ?? 5 });
  await service.push({ reference: parseReference(`${registry.host}/${name}`), platform, auth }, (line) => lines.push(line), signal);
  return lines;
}

async function pull(name: string): Promise<void> {
  const service = testPullService({ target: fixture.service, content: fixture.content, events: { emit: () => undefined } });
  closing.push(() => service.close());
  await service.pull(
    { reference: parseReference(`${registry.host}/${name}`), platform: undefined, auth: anonymous },
    () => undefined,
    never,
  );
}

/** An image whose layers are kept plain, as a commit, an import or `docker load` makes them. */
async function loadPlain(name: string, ...layers: Buffer[]): Promise<void> {
  await load(fixture, dockerArchive({ layers, tags: [`${registry.host}/${name}`] }));
}

const manifestOf = (name: string): { mediaType: string; layers: { digest: string; size: number; mediaType: string }[] } =>
  JSON.parse(registry.manifests.get(name)?.bytes.toString() ?? "null");

const statuses = (lines: readonly ProgressMessage[]): string[] => lines.flatMap((line) => ("status" in line ? [line.status] : []));
const methods = (...wanted: string[]): string[] => registry.seen.map(({ method }) => method).filter((method) => wanted.includes(method));

/** Compresses badly, and is more than one upload's buffer. */
const bigLayer = (): Buffer => packTar([{ name: "big", type: "file", mode: 0o644, data: randomBytes(3_000_000) }]);

describe("an image that was made here", () => {
  it("is sent in the words of Docker's client, and can be pulled again", async () => {
    const layers = [layerTar("one"), layerTar("two")];
    await loadPlain("team/app:1", ...layers);
    const lines = await push("team/app:1");

    expect(lines[0]).toEqual({ status: `The push refers to repository [${registry.host}/team/app]` });
    const id = sha(layers[1] as Buffer).slice(7, 19);
    expect(lines[1]).toEqual({ status: "Preparing", progressDetail: {}, id });
    expect(lines).toContainEqual({ status: "Pushed", progressDetail: {}, id });
    const { bytes, type } = registry.manifests.get("team/app:1") ?? { bytes: Buffer.alloc(0), type: "" };
    expect(lines.at(-2)).toEqual({ status: `1: digest: ${sha(bytes)} size: ${bytes.length}` });
    expect(lines.at(-1)).toEqual({ progressDetail: {}, aux: { Tag: "1", Digest: sha(bytes), Size: bytes.length } });

    expect(type).toBe("application/vnd.docker.distribution.manifest.v2+json");
    const blobs = manifestOf("team/app:1").layers.map(({ digest }) => gunzipSync(registry.blobs.get(digest) ?? ""));
    expect(blobs).toEqual(layers);
    const { id: before } = fixture.service.images.all()[0] ?? {};
    await fixture.service.remove({ name: `${registry.host}/team/app:1`, force: true, pruneParents: true });
    await pull("team/app:1");
    expect(fixture.service.images.all().map((image) => image.id)).toEqual([before]);
  });

  it("has the manifest that dockerd writes, to the byte", async () => {
    await loadPlain("app:1", layerTar("one"));
    await push("app:1");
    const [layer] = manifestOf("app:1").layers;
    const config = configJson([layerTar("one")]);
    expect(registry.manifests.get("app:1")?.bytes.toString()).toBe(
      [
        "{",
        '   "schemaVersion": 2,',
        '   "mediaType": "application/vnd.docker.distribution.manifest.v2+json",',
        '   "config": {',
        '      "mediaType": "application/vnd.docker.container.image.v1+json",',
        `      "size": ${config.length},`,
        `      "digest": "${sha(config)}"`,
        "   },",
        '   "layers": [',
        "      {",
        '         "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",',
        `         "size": ${layer?.size},`,
        `         "digest": "${layer?.digest}"`,
        "      }",
        "   ]",
        "}",
      ].join("\n"),
    );
  });

  it("the second time is found by what it became the first time: nothing is sent", async () => {
    await loadPlain("app:1", bigLayer());
    await push("app:1");
    const before = registry.manifests.get("app:1")?.bytes;
    registry.seen.length = 0;
    expect(statuses(await push("app:1"))).toContain("Layer already exists");
    expect(methods("POST", "PATCH")).toEqual([]);
    expect(registry.manifests.get("app:1")?.bytes).toEqual(before);
  });

  it("is on record under the digest that it got, and tells of it", async () => {
    await loadPlain("app:1", layerTar("one"));
    await push("app:1");
    const digest = sha(registry.manifests.get("app:1")?.bytes ?? Buffer.alloc(0));
    expect(fixture.service.images.idOf(parseReference(`${registry.host}/app@${digest}`))).toBeDefined();
    expect(events).toEqual([
      {
        type: "image",
        action: "push",
        id: `${registry.host}/app:1`,
        attributes: expect.objectContaining({ name: `${registry.host}/app` }),
      },
    ]);
  });

  it("all tags without one, the layers that they share once", async () => {
    const shared = layerTar("shared");
    await loadPlain("app:1", shared, layerTar("one"));
    await loadPlain("app:2", shared, layerTar("two"));
    const lines = await push("app");
    expect(lines.flatMap((line) => ("aux" in line ? [(line.aux as { Tag: string }).Tag] : []))).toEqual(["1", "2"]);
    expect(statuses(lines).filter((status) => status === "Pushed")).toHaveLength(3);
  });

  it("a layer that is in it twice is sent once", async () => {
    const twice = layerTar("twice");
    await loadPlain("app:1", twice, layerTar("between"), twice);
    await push("app:1");
    expect(manifestOf("app:1").layers.map(({ digest }) => digest)).toHaveLength(3);
    expect(methods("PATCH")).toHaveLength(2);
  });

  it("layers go in parallel, no more than allowed", async () => {
    await loadPlain("app:1", ...Array.from({ length: 6 }, bigLayer));
    await push("app:1", { options: { concurrentUploads: 2 } });
    expect(registry.uploads.mostAtOnce).toBe(2);
  });

  it("a layer that was damaged on the disk is not given out for what it was", async () => {
    const layer = layerTar("one");
    await loadPlain("app:1", layer);
    fixture.content.blobs.set(sha(layer), layerTar("two"));
    await expect(push("app:1")).rejects.toThrow(/damaged on the disk/);
    expect(registry.manifests.size).toBe(0);
  });

  it("an archive that is gone is named", async () => {
    const layer = layerTar("one");
    await loadPlain("app:1", layer);
    fixture.content.blobs.delete(sha(layer));
    await expect(push("app:1")).rejects.toThrow(`the archive of layer ${sha(layer)} is not here any more`);
  });
});

describe("an image that was pulled", () => {
  it("keeps its manifest's digest in another repository and another registry", async () => {
    const { digest } = serve(registry, "from", "t", imageParts(["one", "two"]));
    await pull("from:t");
    fixture.service.tag({ name: `${registry.host}/from:t`, repo: `${registry.host}/to`, tag: "x" });
    await push("to:x");
    expect(sha(registry.manifests.get("to:x")?.bytes ?? Buffer.alloc(0))).toBe(digest);
  });

  it("keeps a manifest that does not say its media type, too", async () => {
    const parts = imageParts(["one"]);
    for (const bytes of [...parts.packed, parts.config]) registry.addBlob(bytes);
    const { mediaType, ...unsaid } = parts.manifest;
    const { digest } = registry.addManifest("from", "t", unsaid, mediaType);
    await pull("from:t");
    fixture.service.tag({ name: `${registry.host}/from:t`, repo: `${registry.host}/to`, tag: "x" });
    await push("to:x");
    expect(sha(registry.manifests.get("to:x")?.bytes ?? Buffer.alloc(0))).toBe(digest);
    expect(registry.manifests.get("to:x")?.type).toBe(mediaType);
    await expect(fixture.service.save({ names: [`${registry.host}/to:x`], platform: undefined }, never)).resolves.toBeDefined();
  });

  it("has its layers mounted from where they came from", async () => {
    const parts = imageParts(["one", "two"]);
    serve(registry, "team/from", "t", parts);
    for (const bytes of parts.packed) registry.uploads.present.add(`team/from@${sha(bytes)}`);
    await pull("team/from:t");
    fixture.service.tag({ name: `${registry.host}/team/from:t`, repo: `${registry.host}/to`, tag: "x" });
    const lines = await push("to:x");
    expect(statuses(lines).filter((status) => status === "Mounted from team/from")).toHaveLength(2);
    expect(registry.uploads.mounted).toHaveLength(2);
    // The configuration alone was sent.
    expect(methods("PUT")).toHaveLength(2);
  });

  it("whose archive is kept in another form gets another manifest, with what is there", async () => {
    const parts = imageParts(["one"]);
    serve(registry, "from", "t", parts);
    await pull("from:t");
    fixture.service.tag({ name: `${registry.host}/from:t`, repo: `${registry.host}/to`, tag: "x" });
    fixture.content.blobs.delete(sha(parts.packed[0] as Buffer));
    await expect(push("to:x")).rejects.toThrow(/is not here any more/);
    await load(fixture, dockerArchive({ layers: parts.layers, config: parts.config, tags: [`${registry.host}/to:y`] }));
    await push("to:y");
    expect(gunzipSync(registry.blobs.get(manifestOf("to:y").layers[0]?.digest ?? "") ?? "")).toEqual(parts.layers[0]);
  });
});

describe("what breaks off", () => {
  it.each([
    ["compressed on the way", () => loadPlain("app:1", bigLayer()), "PATCH"],
    [
      "kept as it came",
      async () => {
        const parts = imageParts(["one"]);
        const layer = packTar([{ name: "big", type: "file", mode: 0o644, data: randomBytes(3_000_000) }]);
        const config = configJson([layer]);
        const packed = gzipSync(layer);
        const manifest = {
          ...parts.manifest,
          config: { ...parts.manifest.config, digest: sha(config), size: config.length },
          layers: [{ ...parts.manifest.layers[0], digest: sha(packed), size: packed.length }],
        };
        for (const bytes of [config, packed]) registry.addBlob(bytes);
        registry.addManifest("from", "t", manifest, manifest.mediaType);
        await pull("from:t");
        fixture.service.tag({ name: `${registry.host}/from:t`, repo: `${registry.host}/app`, tag: "1" });
      },
      "PUT",
    ],
  ])("goes on where it was: a layer %s", async (_, prepare, first) => {
    await prepare();
    registry.seen.length = 0;
    registry.uploads.drops = { after: 2_000_000, times: 1 };
    let sent = 0;
    registry.hook = (request) => {
      if (request.method === "PATCH" || request.method === "PUT") request.on("data", (chunk: Buffer) => (sent += chunk.length));
      return false;
    };
    await push("app:1");
    expect(methods("PATCH", "PUT", "GET").filter((method) => method !== "GET")[0]).toBe(first);
    const [layer] = manifestOf("app:1").layers;
    expect(sha(registry.blobs.get(layer?.digest ?? "") ?? Buffer.alloc(0))).toBe(layer?.digest);
    // Sent again was what had not arrived, not all of it.
    expect(sent).toBeLessThan(4_200_000);
  });

  it("begins anew when the registry has forgotten it", async () => {
    await loadPlain("app:1", bigLayer());
    registry.uploads.drops = { after: 1_500_000, times: 1 };
    registry.hook = (request) => {
      if (request.method === "GET" && request.url?.includes("/uploads/") === true) registry.uploads.open.clear();
      return false;
    };
    await push("app:1");
    expect(methods("POST")).toHaveLength(3);
  });

  it("is given up when nothing arrives any more", async () => {
    await loadPlain("app:1", layerTar("one"));
    registry.hook = (request, response) => {
      if (request.method !== "PATCH") return false;
      response.writeHead(503).end();
      return true;
    };
    await expect(push("app:1")).rejects.toThrow("received unexpected HTTP status: 503 Service Unavailable");
    expect(methods("PATCH")).toHaveLength(4);
  });

  it("a server that takes nothing is not waited for", async () => {
    await loadPlain("app:1", packTar([{ name: "big", type: "file", mode: 0o644, data: randomBytes(12_000_000) }]));
    registry.hook = (request) => request.method === "PATCH" && request.pause() !== undefined;
    await expect(push("app:1", { options: { headMs: 3000, retry: { attempts: 1, firstDelayMs: 1, longestDelayMs: 1 } } })).rejects.toThrow(
      /nothing was taken for 3 seconds|timeout awaiting/,
    );
  });

  it("a refusal in the middle of an upload is read, and the upload not tried again", async () => {
    await loadPlain("app:1", packTar([{ name: "big", type: "file", mode: 0o644, data: randomBytes(3_000_000) }]));
    registry.hook = (request, response) => {
      if (request.method !== "PATCH") return false;
      request.once("data", () => refuse(response, 413, "SIZE_INVALID", "the layer is too large for this registry"));
      return true;
    };
    await expect(push("app:1")).rejects.toThrow("size invalid: the layer is too large for this registry");
    expect(methods("PATCH")).toHaveLength(1);
  });

  it("ends with its client, and the registry is told", async () => {
    await loadPlain("app:1", bigLayer());
    const abort = new AbortController();
    registry.hook = (request) => {
      if (request.method !== "PATCH") return false;
      request.once("data", () => abort.abort());
      return true;
    };
    await expect(push("app:1", { signal: abort.signal })).rejects.toThrow("context canceled");
    await expect.poll(() => methods("DELETE").length).toBe(1);
    expect(registry.manifests.size).toBe(0);
  });
});

describe("what cannot be pushed", () => {
  it.each([
    ["missing", "An image does not exist locally with the tag: HOST/missing"],
    ["app:2", "tag does not exist: HOST/app:2"],
    [`app@sha256:${"a".repeat(64)}`, "cannot push a digest reference"],
  ])("%s: %s", async (name, message) => {
    await loadPlain("app:1", layerTar("one"));
    await expect(push(name)).rejects.toThrow(message.replace("HOST", registry.host));
    expect(registry.seen).toEqual([]);
  });

  it("an image for another platform than was asked for", async () => {
    await loadPlain("app:1", layerTar("one"));
    await expect(push("app:1", { platform: parsePlatform("linux/arm64") })).rejects.toThrow(
      /was found but its platform \(linux\/amd64\) does not match the specified platform \(linux\/arm64\)/,
    );
  });
});

describe("credentials", () => {
  /** Asks for a token of its own server, and for the token afterwards. */
  function guard(): string[] {
    const scopes: string[] = [];
    registry.hook = (request, response) => {
      const url = new URL(request.url ?? "", registry.origin);
      if (url.pathname === "/token") {
        scopes.push(...url.searchParams.getAll("scope"));
        response.end(JSON.stringify({ token: "TOKEN" }));
        return true;
      }
      if (request.headers.authorization === "Bearer TOKEN") return false;
      refuse(response, 401, "UNAUTHORIZED", "authentication required", {
        "WWW-Authenticate": `Bearer realm="${registry.origin}/token",service="r"`,
      });
      return true;
    };
    return scopes;
  }

  it("a token is asked for to push here, and to read where layers are mounted from", async () => {
    const parts = imageParts(["one"]);
    serve(registry, "from", "t", parts);
    await pull("from:t");
    fixture.service.tag({ name: `${registry.host}/from:t`, repo: `${registry.host}/to`, tag: "x" });
    const scopes = guard();
    await push("to:x", { auth: login });
    expect(scopes).toEqual(["repository:to:pull,push", "repository:from:pull"]);
  });

  it("without them the registry's words are told", async () => {
    await loadPlain("app:1", layerTar("one"));
    registry.hook = (request, response) => {
      if (request.url === "/v2/" || request.method === "HEAD") return false;
      refuse(response, 403, "DENIED", "requested access to the resource is denied");
      return true;
    };
    await expect(push("app:1")).rejects.toThrow("denied: requested access to the resource is denied");
  });

  it("do not go where uploads are sent to, when that is another origin", async () => {
    await loadPlain("app:1", layerTar("one"));
    guard();
    registry.uploads.place = (path) => `${other.origin}${path}`;
    other.hook = (request, response) => {
      request.resume().on("end", () => response.writeHead(201).end());
      return true;
    };
    await push("app:1", { auth: login }).catch(() => undefined);
    expect(other.seen.length).toBeGreaterThan(0);
    expect(other.seen.map(({ authorization }) => authorization).filter((value) => value !== undefined)).toEqual([]);
  });

  it.each([
    ["http://169.254.169.254/latest", "an address that it may not send anyone to"],
    ["ftp://registry/upload", "it redirects to no http address"],
    ["http://user:pass@127.0.0.1/upload", "it redirects with credentials in the address"],
  ])("an upload is not sent to %s", async (place, why) => {
    await loadPlain("app:1", layerTar("one"));
    registry.uploads.place = () => place;
    await expect(push("app:1")).rejects.toThrow(why);
  });
});
