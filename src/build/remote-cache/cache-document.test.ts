import { expect, it } from "vitest";
import { parseCacheExport, parseCacheSource } from "#spec/build/cache.ts";
import { decodeCache, digestOf, encodeCache, type RemoteCache } from "./cache-document.ts";

const digest = (digit: string) => `sha256:${digit.repeat(64)}` as const;
const layer = (digit: string) => ({
  blob: { digest: digest(digit), size: 7, mediaType: "application/vnd.oci.image.layer.v1.tar" },
  diffId: digest(digit),
  contentSize: 3,
  created: 1_700_000_000_000,
});
const cache: RemoteCache = {
  records: [
    { key: "a".repeat(64), layer: layer("1") },
    { key: "b".repeat(64), layer: undefined },
    { key: "c".repeat(64), layer: layer("2") },
    { key: "d".repeat(64), layer: layer("1") },
  ],
  mounts: [{ id: "/root/.cache", blob: { digest: digest("3"), size: 9, mediaType: "application/vnd.oci.image.layer.v1.tar+zstd" } }],
};

it("writes BuildKit's shape, with every blob named once in the manifest, and reads it again", () => {
  const { config, configDigest, manifest } = encodeCache(cache);
  expect(decodeCache(config)).toEqual(cache);
  expect(digestOf(config)).toBe(configDigest);
  const { config: named, layers } = JSON.parse(manifest.toString()) as { config: object; layers: { digest: string }[] };
  expect(named).toEqual({ mediaType: "application/vnd.buildkit.cacheconfig.v0", digest: configDigest, size: config.length });
  expect(layers.map((one) => one.digest)).toEqual([digest("1"), digest("2"), digest("3")]);
});

it("passes over what it cannot read, and takes no layer for none", () => {
  const odd = {
    layers: [{ blob: "sha256:x" }, { blob: digest("1"), annotations: { diffID: digest("1"), size: -1 } }, null],
    records: [
      { digest: digest("a"), results: [{ layer: 0 }] },
      { digest: digest("b"), results: [] },
      { digest: "x", results: [{ layer: -1 }] },
      7,
    ],
    mounts: [{ id: 1 }, null],
  };
  expect(decodeCache(Buffer.from(JSON.stringify(odd)))).toEqual({ records: [], mounts: [] });
  expect(decodeCache(Buffer.from("[]"))).toEqual({ records: [], mounts: [] });
  expect(() => decodeCache(Buffer.from("{"))).toThrow("not JSON");
});

it.each([
  ["app:1", { kind: "image", reference: "app:1" }],
  ["type=registry,ref=r.io/app:c", { kind: "registry", reference: "r.io/app:c" }],
  ["type=local,index=2", { kind: "client", index: 2 }],
])("takes a cache from %s", (text, source) => {
  expect(parseCacheSource(text)).toEqual(source);
});

it.each([
  ["r.io/app:c", { location: { kind: "registry", reference: "r.io/app:c" }, mode: "min", mounts: false, ignoreError: false }],
  [
    "type=local,index=0,mode=max,mounts=true,ignore-error=true",
    { location: { kind: "client", index: 0 }, mode: "max", mounts: true, ignoreError: true },
  ],
  ["type=inline", undefined],
])("puts a cache to %s", (text, wanted) => {
  expect(parseCacheExport(text)).toEqual(wanted);
});

it.each([
  ["type=gha", "there is no type"],
  ["type=registry", "needs a reference"],
  ["type=local,dest=/x", "local has no dest"],
  ["type=local,index=-1", "needs a folder of the client"],
  ["type=registry,ref=a,compression=zstd", "compression=zstd is not implemented"],
  ["type=registry,ref=a,mode=most", "mode=most is not implemented"],
  ["type=inline,mode=max", "inline has no mode"],
  ["ref=a", "there is no type"],
])("refuses to put one to %s", (text, message) => {
  expect(() => parseCacheExport(text)).toThrow(message);
});
