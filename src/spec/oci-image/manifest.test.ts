import { describe, expect, it } from "vitest";
import { parsePlatform } from "#spec/platform.ts";
import { readManifest } from "./manifest.ts";
import { selectManifest } from "./select.ts";
import { mediaTypes, type ImageIndex } from "./types.ts";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const config = { mediaType: mediaTypes.ociConfig, digest: digest("c"), size: 2 };
const layer = { mediaType: mediaTypes.ociLayerGzip, digest: digest("a"), size: 10 };
const image = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer] };
const entry = (architecture: string, letter: string, variant?: string) => ({
  mediaType: mediaTypes.ociManifest,
  digest: digest(letter),
  size: 5,
  platform: { os: "linux", architecture, ...(variant === undefined ? {} : { variant }) },
});
const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [entry("arm64", "a"), entry("amd64", "b")] };

describe("readManifest", () => {
  it("reads an image and an index", () => {
    expect(readManifest(image, mediaTypes.ociManifest)).toMatchObject({ kind: "image", manifest: { layers: [layer] } });
    expect(readManifest(index, mediaTypes.ociIndex)).toMatchObject({ kind: "index" });
    expect(readManifest({ ...image, mediaType: undefined }, mediaTypes.ociManifest).kind).toBe("image");
    expect(readManifest(image, undefined).kind).toBe("image");
  });

  it.each([
    [
      "a list of layers and of manifests",
      { ...image, manifests: index.manifests },
      mediaTypes.ociManifest,
      "fields of an image and of an index",
    ],
    ["an index with a config", { ...index, config }, mediaTypes.ociIndex, "fields of an image and of an index"],
    ["another type than announced", image, mediaTypes.ociIndex, "announced as"],
    ["Docker's type for an OCI body", image, mediaTypes.dockerManifest, "announced as"],
    ["no type at all", { ...image, mediaType: undefined }, undefined, "no media type"],
    ["a type of text", { ...image, mediaType: undefined }, "text/html", "unsupported media type text/html"],
    ["schema 1", { schemaVersion: 1 }, undefined, "schema 1 support has been removed"],
    ["schema 1 by its type", image, "application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1 support has been removed"],
    ["a digest that is a path", { ...image, layers: [{ ...layer, digest: "sha256:../../etc/passwd" }] }, undefined, "layers[0].digest"],
    ["a negative size", { ...image, layers: [{ ...layer, size: -1 }] }, undefined, "layers[0].size"],
    ["a size that is a fraction", { ...image, config: { ...config, size: 1.5 } }, undefined, "config.size"],
    [
      "a foreign layer",
      { ...image, layers: [{ ...layer, mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" }] },
      undefined,
      "foreign layer",
    ],
    [
      "a layer of another type",
      { ...image, layers: [{ ...layer, mediaType: "application/zip" }] },
      undefined,
      "unsupported media type application/zip",
    ],
    [
      "an artifact",
      { ...image, config: { ...config, mediaType: "application/vnd.cncf.helm.config.v1+json" } },
      undefined,
      'Encountered remote "application/vnd.cncf',
    ],
    ["too many layers", { ...image, layers: Array(501).fill(layer) }, undefined, "at most 500"],
    ["no layers", { ...image, layers: undefined }, undefined, "layers is not a list"],
    ["a list", [], undefined, "not an object"],
  ])("refuses %s", (_, value, announced, message) => {
    expect(() => readManifest(value, announced)).toThrow(
      expect.objectContaining({ category: "invalid", message: expect.stringContaining(message) }),
    );
  });
});

describe("selectManifest", () => {
  const list = (...manifests: unknown[]): ImageIndex => (readManifest({ ...index, manifests }, undefined) as { index: ImageIndex }).index;

  it.each([
    ["linux/amd64", list(entry("arm64", "a"), entry("amd64", "b")), digest("b")],
    ["linux/arm/v7", list(entry("arm", "a", "v5"), entry("arm", "b", "v6")), digest("b")],
    ["linux/amd64", list({ ...entry("x", "a"), platform: undefined }, entry("amd64", "b")), digest("b")],
    ["linux/amd64", list({ ...entry("x", "a"), platform: undefined }), digest("a")],
  ])("takes the best for %s", (platform, from, wanted) => {
    expect(selectManifest(from, parsePlatform(platform)).digest).toBe(wanted);
  });

  it("says so when there is none", () => {
    const attestation = { ...entry("unknown", "a"), platform: { os: "unknown", architecture: "unknown" } };
    expect(() => selectManifest(list(attestation), parsePlatform("linux/s390x"))).toThrow(
      expect.objectContaining({ category: "not-found", message: "no matching manifest for linux/s390x in the manifest list entries" }),
    );
  });
});
