import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseReference } from "#spec/reference.ts";
import { digestOf } from "../record/image.ts";
import type { RemovedItem } from "./remove.ts";
import { configJson, dockerArchive, imageFixture, layerTar, load, type ImageFixture } from "../testing.ts";

let fixture: ImageFixture;
beforeEach(() => {
  fixture = imageFixture();
});
afterEach(() => fixture[Symbol.dispose]());

const [base, top] = [layerTar("base"), layerTar("top")];
const id = digestOf(configJson([base, top]));
const short = id.slice(7, 19);
const chain = [digestOf(base), digestOf(`${digestOf(base)} ${digestOf(top)}`)] as const;
const containerId = "c0ffee".repeat(11).slice(0, 64);

const loadTags = (...tags: string[]): Promise<unknown> => load(fixture, dockerArchive({ layers: [base, top], tags }));
const remove = (name: string, force = false): Promise<RemovedItem[]> => fixture.service.remove({ name, force, pruneParents: true });
const addDigest = (text: string): unknown => fixture.service.images.setReference(parseReference(text), id, 0);
const use = (running: boolean): unknown => fixture.users.set(id, [{ id: containerId, running }]);
const conflict = (message: string): object => expect.objectContaining({ category: "conflict", message }) as object;

describe("removing by name", () => {
  it("takes one of several names away", async () => {
    await loadTags("a:1", "b:1");
    expect(await remove("a:1")).toEqual([{ untagged: "a:1" }]);
    expect(fixture.snapshots.layers.size).toBe(2);
    expect(fixture.events.at(-1)).toMatchObject({ action: "untag", id });
  });

  it("removes the image with its last name: layers from the top down, and every blob", async () => {
    await loadTags("a:1");
    expect(await remove("a:1")).toEqual([{ untagged: "a:1" }, { deleted: id }, { deleted: chain[1] }, { deleted: chain[0] }]);
    expect(fixture.content.list()).toEqual([]);
    expect(fixture.snapshots.layers.size).toBe(0);
    expect(fixture.events.map(({ action }) => action)).toEqual(["load", "untag", "delete"]);
  });

  it("keeps what another image needs", async () => {
    await loadTags("a:1");
    await load(fixture, dockerArchive({ layers: [base], tags: ["b:1"] }));
    expect(await remove("a:1")).toEqual([{ untagged: "a:1" }, { deleted: id }, { deleted: chain[1] }]);
    expect(fixture.content.list().map(({ digest }) => digest)).toContain(digestOf(base));
    expect(fixture.content.list().map(({ digest }) => digest)).not.toContain(digestOf(top));
  });

  it("takes the repository's digests along with its last tag", async () => {
    await loadTags("a:1");
    const digest = `sha256:${"d".repeat(64)}`;
    addDigest(`a@${digest}`);
    expect(await remove("a:1")).toEqual([
      { untagged: "a:1" },
      { untagged: `a@${digest}` },
      { deleted: id },
      { deleted: chain[1] },
      { deleted: chain[0] },
    ]);
  });

  it("leaves digests while the repository has another tag, or another repository has one", async () => {
    await loadTags("a:1", "a:2", "b:1");
    addDigest(`a@sha256:${"d".repeat(64)}`);
    expect(await remove("a:1")).toEqual([{ untagged: "a:1" }]);
    expect(await remove("a:2")).toEqual([{ untagged: "a:2" }, { untagged: `a@sha256:${"d".repeat(64)}` }]);
    expect(fixture.service.inspect("b:1").image.id).toBe(id);
  });

  it.each([true, false])("does not take the last name from an image in use (running: %s)", async (running) => {
    await loadTags("a:1");
    use(running);
    await expect(remove("a:1")).rejects.toThrow(
      conflict(
        `conflict: unable to remove repository reference "a:1" (must force) - container ${containerId.slice(0, 12)} is using its referenced image ${short}`,
      ),
    );
    expect(fixture.service.inspect("a:1").image.id).toBe(id);
  });

  it("by force takes the name, and leaves the image to a running container", async () => {
    await loadTags("a:1");
    use(true);
    expect(await remove("a:1", true)).toEqual([{ untagged: "a:1" }]);
    expect(fixture.service.inspect(id).image.references).toEqual([]);
  });

  it("by force removes the image of a stopped container, whose layers stay until it is gone", async () => {
    await loadTags("a:1");
    use(false);
    fixture.snapshots.pinned.add(chain[1]);
    expect(await remove("a:1", true)).toEqual([{ untagged: "a:1" }, { deleted: id }]);
    fixture.snapshots.pinned.clear();
    await fixture.service.sweepUnreferenced();
    expect(fixture.snapshots.layers.size).toBe(0);
  });

  it("takes one of two names from an image in use", async () => {
    await loadTags("a:1", "b:1");
    use(true);
    expect(await remove("a:1")).toEqual([{ untagged: "a:1" }]);
  });
});

describe("removing by id", () => {
  it("takes the only tag away too, by the whole id or its start", async () => {
    await loadTags("a:1");
    expect(await remove(short)).toEqual([{ untagged: "a:1" }, { deleted: id }, { deleted: chain[1] }, { deleted: chain[0] }]);
  });

  it("refuses an image with names in several repositories", async () => {
    await loadTags("a:1", "b:1");
    await expect(remove(id)).rejects.toThrow(
      conflict(`conflict: unable to delete ${short} (must be forced) - image is referenced in multiple repositories`),
    );
    expect(await remove(id, true)).toContainEqual({ deleted: id });
  });

  it("refuses the image of a stopped container", async () => {
    await loadTags("a:1");
    use(false);
    await expect(remove(id)).rejects.toThrow(
      conflict(
        `conflict: unable to delete ${short} (must be forced) - image is being used by stopped container ${containerId.slice(0, 12)}`,
      ),
    );
    expect(fixture.service.inspect("a:1").image.id).toBe(id);
  });

  it("never removes what a running container uses", async () => {
    await loadTags("a:1");
    use(true);
    await expect(remove(id, true)).rejects.toThrow(
      conflict(
        `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container ${containerId.slice(0, 12)}`,
      ),
    );
    expect(fixture.service.inspect("a:1").image.id).toBe(id);
  });
});

describe("parents", () => {
  const child = digestOf(configJson([base, top], { comment: "child" }));
  beforeEach(async () => {
    await load(
      fixture,
      dockerArchive(
        { layers: [base, top] },
        { layers: [base, top], tags: ["child:1"], config: configJson([base, top], { comment: "child" }) },
      ),
    );
    fixture.service.images.setParent(child, id);
  });

  it("are not removed before their children", async () => {
    await expect(remove(id, true)).rejects.toThrow(
      conflict(`conflict: unable to delete ${short} (cannot be forced) - image has dependent child images`),
    );
  });

  it("go with the last child, when nobody names them", async () => {
    expect((await remove("child:1")).filter((item) => "deleted" in item).slice(0, 2)).toEqual([{ deleted: child }, { deleted: id }]);
    expect(fixture.service.images.all()).toEqual([]);
  });

  it("stay when they have a name, or were asked to", async () => {
    fixture.service.tag({ name: id, repo: "parent", tag: "1" });
    await remove("child:1");
    expect(fixture.service.inspect("parent:1").image.id).toBe(id);
  });

  it("are hidden from the list unless all are asked for", () => {
    const list = (all: boolean): number => fixture.service.list({ all, sharedSize: false, filters: new Map() }).length;
    expect([list(false), list(true)]).toEqual([1, 2]);
  });

  it("give their ids to the history", () => {
    const config = fixture.service.inspect("child:1").image.config;
    expect(config.history).toEqual([]);
    expect(fixture.service.history("child:1")).toEqual([]);
  });
});

it("says what is not here", async () => {
  await expect(remove("nothing")).rejects.toThrow(
    expect.objectContaining({ category: "not-found", message: "No such image: nothing:latest" }),
  );
});
