import { afterEach, beforeEach, expect, it } from "vitest";
import { configJson, dockerArchive, imageFixture, LAYER_BYTES, layerTar, load, never, type ImageFixture } from "../testing.ts";
import { digestOf } from "../record/image.ts";

let fixture: ImageFixture;
beforeEach(() => {
  fixture = imageFixture();
});
afterEach(() => fixture[Symbol.dispose]());

async function loadOne(name: string, tags: readonly string[], extra: object = {}): Promise<`sha256:${string}`> {
  const layers = [layerTar("shared"), layerTar(name)];
  const config = configJson(layers, extra);
  await load(fixture, dockerArchive({ layers, config, tags }));
  return digestOf(config);
}

async function prune(filters: Record<string, string[]> = {}) {
  return fixture.service.prune(new Map(Object.entries(filters)), never);
}

const left = (): string[] => fixture.service.images.all().map(({ id }) => id);

it("removes what nobody names, and says what that gives back", async () => {
  const [named, dangling] = [await loadOne("named", ["named:1"]), await loadOne("dangling", [])];
  const blobs = (): number => [...fixture.content.blobs.values()].reduce((sum, { length }) => sum + length, 0);
  const before = blobs();
  const { removed, reclaimedBytes } = await prune();
  expect(left()).toEqual([named]);
  const chain = fixture.snapshots.list().layers;
  expect(chain).toHaveLength(2);
  expect(removed[0]).toEqual({ deleted: dangling });
  expect(removed).toHaveLength(2);
  // A layer, and what was kept of it and of the image for pushes.
  expect(reclaimedBytes).toBe(LAYER_BYTES + before - blobs());
  expect(before - blobs()).toBeGreaterThan(1000);
  const attributes = { reclaimed: String(reclaimedBytes) };
  expect(fixture.events.at(-1)).toEqual({ type: "image", action: "prune", id: "", attributes });
});

it("with dangling=false everything that no container has; names and all", async () => {
  const [used, running, free] = [
    await loadOne("used", ["used:1"]),
    await loadOne("run", ["run:1"]),
    await loadOne("free", ["free:1", "free:2"]),
  ];
  fixture.users.set(used, [{ id: "a".repeat(64), running: false }]);
  fixture.users.set(running, [{ id: "b".repeat(64), running: true }]);
  const { removed } = await prune({ dangling: ["false"] });
  expect(left().toSorted()).toEqual([used, running].toSorted());
  expect(removed).toEqual(expect.arrayContaining([{ untagged: "free:1" }, { untagged: "free:2" }, { deleted: free }]));
  expect(fixture.service.inspect("used:1").image.id).toBe(used);
});

it("a dangling image that a container has stays", async () => {
  const used = await loadOne("used", []);
  fixture.users.set(used, [{ id: "a".repeat(64), running: false }]);
  expect(await prune()).toEqual({ removed: [], reclaimedBytes: 0 });
  expect(left()).toEqual([used]);
});

it("an image that others were built from goes with them", async () => {
  const parent = await loadOne("parent", []);
  const child = await loadOne("child", ["child:1"]);
  fixture.service.images.setParent(child, parent);
  expect((await prune()).removed).toEqual([]);
  await prune({ dangling: ["0"] });
  expect(left()).toEqual([]);
});

it.each([
  [{ label: ["a"] }, ["one", "two"]],
  [{ label: ["a=1"] }, ["one"]],
  [{ "label!": ["a=1"] }, ["two", "three"]],
  [{ until: ["2020-06-01T00:00:00Z"] }, ["one"]],
  [{ until: ["24h"] }, ["one", "two"]],
])("the filter %j leaves the others", async (filter, names) => {
  const ids = new Map<string, string>();
  const labelled = (labels: object, created: string): object => ({ config: { Labels: labels }, created });
  ids.set(await loadOne("one", [], labelled({ a: "1" }, "2020-01-01T00:00:00Z")), "one");
  ids.set(await loadOne("two", [], labelled({ a: "2" }, "2021-01-01T00:00:00Z")), "two");
  ids.set(await loadOne("three", [], labelled({}, new Date().toISOString())), "three");
  const { removed } = await prune(filter);
  const gone = removed.flatMap((item) => ("deleted" in item ? [ids.get(item.deleted)] : [])).filter((name) => name !== undefined);
  expect(gone.toSorted()).toEqual(names.toSorted());
});

it.each([{ dangling: ["perhaps"] }, { dangling: ["true", "false"] }, { until: ["1h", "2h"] }, { until: ["yesterday"] }])(
  "the filter %j is refused",
  async (filter) => {
    await loadOne("one", []);
    await expect(prune(filter as Record<string, string[]>)).rejects.toThrow(expect.objectContaining({ category: "invalid" }));
    expect(left()).toHaveLength(1);
  },
);
