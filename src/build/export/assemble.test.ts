import { describe, expect, it } from "vitest";
import type { Digest } from "#spec/digest.ts";
import { chainIds } from "#spec/oci-image/chain-id.ts";
import type { LayerTree } from "../execute/step-result.ts";
import type { PlannedImage } from "../plan/plan.ts";
import { imageConfigOf } from "./assemble.ts";

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
const diffIds = ["a", "b", "c"].map(digest);
const layers = chainIds(diffIds).map((chainId, index) => ({
  chainId,
  diffId: diffIds[index] ?? digest("0"),
  size: 1,
  blob: undefined,
  created: index === 0 ? undefined : index * 86_400_000,
}));
const tree = (count: number): LayerTree => ({ kind: "layers", layers: layers.slice(0, count) });
const line = (createdBy: string, step?: number) => ({ createdBy, step, comment: "" });
const image: PlannedImage = {
  architecture: "amd64",
  os: "linux",
  variant: undefined,
  author: undefined,
  config: { Env: ["A=1"] },
  base: {
    id: digest("f"),
    config: {
      architecture: "amd64",
      os: "linux",
      created: "1969-01-01T00:00:00Z",
      rootfs: { type: "layers", diff_ids: [digest("a")] },
      history: [{ created_by: "base" }],
    },
  },
  history: [line("ENV A=1"), line("COPY x", 1), line("RUN true", 2), line("RUN make", 3), line("CMD y")],
};
const stage = { image, tree: tree(3), treeOf: (ref: number) => tree([1, 2, 2, 3][ref] ?? 0), epoch: undefined, inlineCache: undefined };

describe("an image's configuration", () => {
  it("has a line for each instruction, with the date of its layer; what changed nothing has none", () => {
    const { history, created, rootfs } = imageConfigOf(stage);
    expect(rootfs.diff_ids).toEqual(diffIds);
    expect(history?.map(({ created_by, empty_layer, created: date }) => [created_by, empty_layer ?? false, date?.slice(0, 10)])).toEqual([
      ["base", false, undefined],
      ["ENV A=1", true, "1969-01-01"],
      ["COPY x", false, "1970-01-02"],
      ["RUN true", true, "1970-01-02"],
      ["RUN make", false, "1970-01-03"],
      ["CMD y", true, "1970-01-03"],
    ]);
    expect(created).toBe("1970-01-03T00:00:00.000Z");
    // As many lines with a layer as there are layers: else the history cannot be shown.
    expect(history?.filter((entry) => entry.empty_layer !== true)).toHaveLength(rootfs.diff_ids.length);
  });

  it("is the same again, and has one date where the client says it", () => {
    expect(imageConfigOf(stage)).toEqual(imageConfigOf(stage));
    const dated = imageConfigOf({ ...stage, epoch: new Date(0) });
    expect(new Set(dated.history?.slice(1).map(({ created }) => created))).toEqual(new Set(["1970-01-01T00:00:00.000Z"]));
    expect(dated.created).toBe("1970-01-01T00:00:00.000Z");
  });

  it("gives each layer of a base without a history a line", () => {
    const base = {
      id: digest("f"),
      config: { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [digest("a")] } },
    } as const;
    expect(imageConfigOf({ ...stage, image: { ...image, base } }).history).toHaveLength(6);
  });

  it("says what its layers are known by, where it is asked to", () => {
    expect(imageConfigOf({ ...stage, inlineCache: [[], ["k"], []] })["dhow.build.cache"]).toEqual([[], ["k"], []]);
    expect(imageConfigOf(stage)).not.toHaveProperty("dhow.build.cache");
  });
});
