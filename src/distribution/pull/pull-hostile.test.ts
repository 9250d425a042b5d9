import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { imageFixture, type ImageFixture } from "#image/testing.ts";
import type { Digest } from "#spec/digest.ts";
import { mediaTypes } from "#spec/oci-image/types.ts";
import { imageParts, sendBlob, serve, sha, type FakeRegistry } from "../testing.ts";
import { layerDigest, login, PullTrial, refusal } from "./testing.ts";

let trial: PullTrial;
let fixture: ImageFixture;
let registry: FakeRegistry;
beforeEach(async () => {
  fixture = imageFixture();
  trial = await PullTrial.open(fixture);
  registry = trial.registry;
});
afterEach(async () => {
  await trial[Symbol.asyncDispose]();
});

describe("CVE-2021-41190, CVE-2020-15157: manifests that mislead", () => {
  const parts = imageParts(["one"]);
  const { manifest } = parts;
  const [layer] = manifest.layers;

  it.each<[string, unknown, string, string]>([
    ["an image that is an index too", { ...manifest, manifests: [] }, mediaTypes.ociManifest, "fields of an image and of an index"],
    ["a header of another kind", manifest, mediaTypes.ociIndex, "announced as"],
    ["Docker's header over an OCI body", manifest, mediaTypes.dockerManifest, "announced as"],
    ["a header of no kind", { ...manifest, mediaType: undefined }, "text/plain", "unsupported media type text/plain"],
    ["a key twice", `${JSON.stringify(manifest).slice(0, -1)},"layers":[]}`, mediaTypes.ociManifest, "duplicate key"],
    [
      "two million levels",
      `{"schemaVersion":2,"a":${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}}`,
      mediaTypes.ociManifest,
      "nested deeper",
    ],
    [
      "a digest that is a path",
      { ...manifest, layers: [{ ...layer, digest: "sha256:../../../../etc/passwd" }] },
      mediaTypes.ociManifest,
      "layers[0].digest",
    ],
    ["a negative size", { ...manifest, layers: [{ ...layer, size: -1 }] }, mediaTypes.ociManifest, "layers[0].size"],
    [
      "a foreign layer",
      {
        ...manifest,
        layers: [{ ...layer, mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", urls: ["http://127.0.0.1/steal"] }],
      },
      mediaTypes.ociManifest,
      "foreign layer",
    ],
    [
      "schema 1",
      { schemaVersion: 1, fsLayers: [] },
      "application/vnd.docker.distribution.manifest.v1+prettyjws",
      "schema 1 support has been removed",
    ],
    [
      "an artifact that is no image",
      { ...manifest, config: { ...manifest.config, mediaType: "application/vnd.cncf.helm.config.v1+json" } },
      mediaTypes.ociManifest,
      "Encountered remote",
    ],
    [
      "more layers than the configuration",
      { ...manifest, layers: [layer, layer] },
      mediaTypes.ociManifest,
      "layers from manifest don't match image configuration",
    ],
  ])("%s", async (_, document, type, message) => {
    serve(registry, "x", "other", parts);
    registry.addManifest("x", "t", document, type);
    expect(await trial.outcome()).toEqual(refusal(message));
  });

  it.each([true, false])("a manifest over 4 MiB (length announced: %s)", async (announced) => {
    registry.hook = (request, response) => {
      if (!(request.url ?? "").includes("/manifests/")) return false;
      if (announced) response.setHeader("Content-Length", 200 * 1024 * 1024);
      response.on("error", () => undefined).write(Buffer.alloc(5 * 1024 * 1024, " "));
      return true;
    };
    expect(await trial.outcome()).toEqual(refusal("over 4194304 bytes", "too-large"));
  });

  it("bytes that are not what the registry's own digest says", async () => {
    serve(registry, "x", "t", parts);
    registry.hook = (request, response) => {
      if (!(request.url ?? "").includes("/manifests/")) return false;
      response.writeHead(200, { "Content-Type": mediaTypes.ociManifest, "Docker-Content-Digest": `sha256:${"0".repeat(64)}` });
      response.end(JSON.stringify(manifest));
      return true;
    };
    expect(await trial.outcome()).toEqual(refusal("manifest verification failed for digest"));
  });

  it("an index without end", async () => {
    let entry = { digest: `sha256:${"0".repeat(64)}`, size: 1 };
    for (let depth = 0; depth < 6; depth++) {
      const platform = { os: "linux", architecture: "amd64" };
      const index = {
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: [{ ...entry, mediaType: mediaTypes.ociIndex, platform }],
      };
      entry = registry.addManifest("x", "t", index, mediaTypes.ociIndex);
    }
    expect(await trial.outcome()).toEqual(refusal("indexes inside each other"));
  });
});

describe("P18: blobs that are not what they should be", () => {
  it("a layer with a changed byte; the right one can be pulled afterwards", async () => {
    const parts = imageParts(["one"]);
    serve(registry, "x", "t", parts);
    trial.onLayer(parts, (_, response, bytes) => response.end(Buffer.from(bytes).fill(0, 20, 21)));
    expect(await trial.outcome()).toEqual(refusal(`filesystem layer verification failed for digest ${layerDigest(parts)}`));
    registry.hook = () => false;
    await trial.pull();
    expect(trial.fixture.service.images.all()).toHaveLength(1);
  });

  it("a configuration with a changed byte", async () => {
    const parts = imageParts(["one"]);
    serve(registry, "x", "t", parts);
    registry.blobs.set(sha(parts.config), Buffer.from(parts.config.toString().replace("amd64", "AMD64")));
    expect(await trial.outcome()).toEqual(refusal("image config verification failed for digest"));
  });

  it("a layer whose content is not what the configuration says", async () => {
    const parts = imageParts(["one"]);
    const config = Buffer.from(parts.config.toString().replace(/sha256:[0-9a-f]{64}/, `sha256:${"1".repeat(64)}`));
    registry.addBlob(parts.packed[0] ?? Buffer.alloc(0));
    const described = { ...parts.manifest.config, digest: registry.addBlob(config), size: config.length };
    registry.addManifest("x", "t", { ...parts.manifest, config: described }, mediaTypes.ociManifest);
    expect(await trial.outcome()).toEqual(refusal("diff id"));
  });

  it.each([true, false])("a layer that is larger than its descriptor says (length announced: %s)", async (announced) => {
    const parts = imageParts(["one"]);
    serve(registry, "x", "other", parts);
    registry.addManifest(
      "x",
      "t",
      { ...parts.manifest, layers: parts.manifest.layers.map((layer) => ({ ...layer, size: 10 })) },
      mediaTypes.ociManifest,
    );
    if (!announced) trial.onLayer(parts, (_, response, bytes) => response.write(bytes));
    expect(await trial.outcome()).toEqual(refusal("where the manifest says 10"));
  });

  it("a layer without end", async () => {
    const parts = imageParts(["one"]);
    serve(registry, "x", "t", parts);
    trial.onLayer(parts, (_, response) => {
      response.on("error", () => undefined);
      const more = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(65_536), () => setImmediate(more));
      };
      more();
    });
    expect(await trial.outcome()).toEqual(refusal("or more where the manifest says"));
  });

  it("a layer that never comes", async () => {
    const parts = imageParts(["one"]);
    serve(registry, "x", "t", parts);
    trial.onLayer(parts, (_, response, bytes) => {
      response.writeHead(200, { "Content-Length": bytes.length });
      response.flushHeaders();
    });
    expect(await trial.outcome()).toEqual(refusal("no data to speak of for 0.3 seconds", "unavailable"));
  });

  it("a layer that comes byte by byte", async () => {
    const parts = imageParts(["one"]);
    serve(registry, "x", "t", parts);
    trial.onLayer(parts, (_, response, bytes) => {
      response.writeHead(200, { "Content-Length": bytes.length });
      const timer = setInterval(() => response.write(bytes.subarray(0, 1)), 20);
      response.on("close", () => clearInterval(timer));
    });
    expect(await trial.outcome()).toEqual(refusal("no data to speak of for 0.3 seconds", "unavailable"));
  });
});

describe("P20: connections that drop", () => {
  const parts = imageParts(["x".repeat(40_000)]);

  it("goes on where it was", async () => {
    serve(registry, "x", "t", parts);
    trial.onLayer(parts, (request, response, bytes) => {
      if (request.headers.range !== undefined) return sendBlob(request, response, bytes);
      response.writeHead(200, { "Content-Length": bytes.length });
      response.write(bytes.subarray(0, 50), () => response.destroy());
    });
    await trial.pull();
    expect(registry.seen.map(({ range }) => range).filter(Boolean)).toEqual(["bytes=50-"]);
  });

  it("reads over what it has when the server knows no ranges", async () => {
    serve(registry, "x", "t", parts);
    trial.onLayer(parts, (request, response, bytes) => {
      response.writeHead(200, { "Content-Length": bytes.length });
      if (request.headers.range !== undefined) return void response.end(bytes);
      response.write(bytes.subarray(0, 50), () => response.destroy());
    });
    await trial.pull();
    expect(trial.fixture.service.images.all()).toHaveLength(1);
  });

  it("refuses another part than it asked for", async () => {
    serve(registry, "x", "t", parts);
    trial.onLayer(parts, (request, response, bytes) => {
      if (request.headers.range !== undefined) {
        response.writeHead(206, { "Content-Range": `bytes 49-${bytes.length - 1}/${bytes.length}` });
        return void response.end(bytes.subarray(49));
      }
      response.writeHead(200, { "Content-Length": bytes.length });
      response.write(bytes.subarray(0, 50), () => response.destroy());
    });
    expect(await trial.outcome()).toEqual(refusal("with another part"));
  });

  it("gives up after some attempts", async () => {
    serve(registry, "x", "t", parts);
    trial.onLayer(parts, (_, response) => response.destroy());
    await expect(trial.pull()).rejects.toThrow(expect.objectContaining({ category: "unavailable" }));
    expect(registry.count(layerDigest(parts))).toBe(4);
  });
});

it("takes a layer that is not compressed", async () => {
  const parts = imageParts(["one"]);
  const plain = { ...parts, packed: parts.layers };
  for (const bytes of [...plain.packed, parts.config]) registry.addBlob(bytes);
  const layers = plain.packed.map((bytes) => ({ mediaType: mediaTypes.ociLayer, digest: sha(bytes), size: bytes.length }));
  registry.addManifest("x", "t", { ...parts.manifest, layers }, mediaTypes.ociManifest);
  await trial.pull();
  expect(trial.fixture.service.images.all()).toHaveLength(1);
});

describe("CVE-2021-20291: layers in odd numbers", () => {
  it("a layer 130 times over is fetched once, and holds up nobody", async () => {
    serve(registry, "x", "t", imageParts(Array<string>(130).fill("same")));
    serve(registry, "other", "t", imageParts(["other"]));
    await Promise.all([trial.pull(), trial.pull(login, "other:t")]);
    expect(fixture.service.inspect(`${registry.host}/x:t`).image.layers).toHaveLength(130);
    expect(registry.count(layerDigest(imageParts(["same"])))).toBe(1);
  });

  it("none at all, and one without a file", async () => {
    serve(registry, "x", "t", imageParts([]));
    await trial.pull();
    const empty = Buffer.alloc(1024);
    const parts = imageParts(["one"]);
    const config = Buffer.from(parts.config.toString().replace(/sha256:[0-9a-f]{64}/, sha(empty)));
    for (const bytes of [config, gzipSync(empty)]) registry.addBlob(bytes);
    const layers = [{ mediaType: mediaTypes.ociLayerGzip, digest: sha(gzipSync(empty)), size: gzipSync(empty).length }];
    const described = { ...parts.manifest.config, digest: sha(config), size: config.length };
    registry.addManifest("x", "empty", { ...parts.manifest, config: described, layers }, mediaTypes.ociManifest);
    await trial.pull(login, "x:empty");
    expect(fixture.service.images.all().map(({ layers: all }) => all.length)).toEqual(expect.arrayContaining([0, 1]));
  });
});

describe("CVE-2014-8178, CVE-2014-8179: what is here already", () => {
  it("cannot be passed off as something else by another repository", async () => {
    const [known, victim] = [imageParts(["known"]), imageParts(["victim"])];
    serve(registry, "known", "t", known);
    serve(registry, "victim", "t", victim);
    for (const name of ["known:t", "victim:t"]) await trial.pull(login, name);
    // The archive of the one under the diff id of the other: neither has to be fetched any more.
    const config = Buffer.from(victim.config.toString().replace("victim", "evil"));
    registry.addBlob(config);
    const described = { ...victim.manifest.config, digest: sha(config), size: config.length };
    registry.addManifest("x", "t", { ...victim.manifest, config: described, layers: known.manifest.layers }, mediaTypes.ociManifest);
    await trial.pull().catch(() => undefined);
    const diffIdOf = ({ layers }: typeof known): Digest => sha(layers[0] ?? Buffer.alloc(0));
    expect(fixture.service.images.blobOf(diffIdOf(victim))?.digest).toBe(layerDigest(victim));
    expect(fixture.service.images.isArchiveOf(diffIdOf(victim), sha(known.packed[0] ?? Buffer.alloc(0)))).toBe(false);
  });

  it("is asked for again where a digest is of another repository", async () => {
    const { digest } = serve(registry, "known", "t", imageParts(["known"]));
    await trial.pull(login, "known:t");
    await expect(trial.pull(login, `other:t@${digest}`)).rejects.toThrow(expect.objectContaining({ category: "not-found" }));
    expect(fixture.service.images.tagsOf(`${registry.host}/other`)).toEqual([]);
  });
});
