import { expect, it } from "vitest";
import type { Digest } from "#spec/digest.ts";
import type { FoundImage } from "../ports.ts";
import { ImageCaches } from "./image-caches.ts";

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
const layer = (letter: string) => ({ chainId: digest(letter), diffId: digest(letter), size: 1, blob: undefined });
const history = [
  { created_by: "base" },
  { created_by: "ENV", empty_layer: true },
  { created_by: "RUN make", created: "2024-01-01T00:00:00Z" },
];
const image = (more: object = {}): FoundImage => ({
  id: digest("f"),
  layers: [layer("a"), layer("b")],
  manifest: undefined,
  config: { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [digest("a"), digest("b")] }, history, ...more },
});

it("takes a command's layer by its words, on the same layers, from images that are named", () => {
  const caches = new ImageCaches([image()]);
  expect(caches.find([layer("a")], [], "RUN make")).toMatchObject({ chainId: digest("b"), created: Date.parse("2024-01-01") });
  expect(caches.find([layer("a")], [], "RUN make install")).toBeUndefined();
  expect(caches.find([layer("c")], [], "RUN make")).toBeUndefined();
  expect(caches.find([], [], "RUN make")).toBeUndefined();
  // A copy has no word of what was copied.
  expect(caches.find([layer("a")], ["key"], undefined)).toBeUndefined();
  expect(new ImageCaches([]).find([layer("a")], ["key"], "RUN make")).toBeUndefined();
});

it("goes by what the image says of itself, where it does, and by that alone", () => {
  const caches = new ImageCaches([image({ "dhow.build.cache": [[], ["key", "other"]] })]);
  expect(caches.find([layer("a")], ["key"], undefined)).toMatchObject({ chainId: digest("b") });
  expect(caches.find([layer("a")], ["none"], "RUN make")).toBeUndefined();
});
