import { describe, expect, test } from "vitest";
import { silentLogger } from "#lib/logger.ts";
import { Database } from "#store/db/database.ts";
import { ContainerStore } from "./container-store.ts";
import type { Container } from "./container.ts";

const database = (): Database => Database.open(":memory:");
const storeOn = (database: Database): ContainerStore => new ContainerStore({ database, logger: silentLogger });

const image = { id: `sha256:${"a".repeat(64)}`, reference: "busybox", os: "linux", topLayer: undefined, manifest: undefined } as const;

function containerOf(id: string, name: string, created = 1): Container {
  const config = { Cmd: ["sh"], Labels: { a: "b" } };
  return { id, name, created, config, hostConfig: {}, endpoints: {}, image, mounts: [], restartCount: 0, state: { status: "created" } };
}

function add(store: ContainerStore, container: Container): void {
  store.reserveName(container.name, container.id);
  store.begin(container.id);
  store.commit(container);
}

test("what was committed is there for the next daemon", () => {
  using file = Object.assign(database(), { [Symbol.dispose]: () => undefined });
  const store = storeOn(file);
  add(store, containerOf("aa", "first", 2));
  add(store, containerOf("bb", "second", 1));
  store.update("aa", { state: { status: "running", pid: 5, startedAt: 9, stopRequested: true }, restartCount: 3 });
  store.update("bb", { hostConfig: { Memory: 5 } });
  const next = storeOn(file);
  expect([...next.all()].map(({ id }) => id)).toEqual(["bb", "aa"]);
  expect(next.get("aa")).toMatchObject({ restartCount: 3, state: { status: "running", pid: 5, stopRequested: true } });
  expect(next.get("bb")).toMatchObject({ hostConfig: { Memory: 5 }, config: { Cmd: ["sh"] } });
  expect(next.removals()).toEqual([]);
});

test("between begin and commit, and after bury, there is a removal", () => {
  const file = database();
  const store = storeOn(file);
  store.begin("aa");
  expect(storeOn(file).removals()).toEqual([{ id: "aa", removeVolumes: true }]);
  store.reserveName("web", "aa");
  store.commit(containerOf("aa", "web"));
  expect(storeOn(file).removals()).toEqual([]);
  store.bury("aa", false);
  const next = storeOn(file);
  expect([...next.all()]).toEqual([]);
  expect(next.removals()).toEqual([{ id: "aa", removeVolumes: false }]);
  next.finishRemoval("aa");
  expect(storeOn(file).removals()).toEqual([]);
});

describe("finding", () => {
  const store = storeOn(database());
  add(store, containerOf(`ab${"0".repeat(62)}`, "web"));
  add(store, containerOf(`ac${"0".repeat(62)}`, "abba"));
  add(store, containerOf(`cd${"0".repeat(62)}`, "ab0"));

  test.each([
    ["web", "web"],
    ["/web", "web"],
    [`ab${"0".repeat(62)}`, "web"],
    ["ac", "abba"],
    ["c", "ab0"],
    ["ab0", "ab0"],
  ])("%s is %s: a name goes before a prefix", (reference, name) => {
    expect(store.find(reference).name).toBe(name);
  });

  test("a prefix that two have", () => {
    expect(() => store.find("a")).toThrow(
      expect.objectContaining({ category: "invalid", message: "multiple IDs found with provided prefix: a" }) as Error,
    );
  });

  test.each(["", "zz", "__proto__", "../web", "AB"])("%j is nobody", (reference) => {
    expect(() => store.find(reference)).toThrow(`No such container: ${reference}`);
  });
});

describe("names", () => {
  test("are taken from their reservation on, and given back", () => {
    const store = storeOn(database());
    store.reserveName("web", "aa");
    expect(() => store.reserveName("web", "bb")).toThrow('The container name "/web" is already in use by container "aa"');
    expect(() => store.find("web")).toThrow("No such container: web");
    store.releaseName("web", "bb");
    expect(store.isNameFree("web")).toBe(false);
    store.releaseName("web", "aa");
    expect(store.isNameFree("web")).toBe(true);
  });

  test("a rename frees the old one", () => {
    const file = database();
    const store = storeOn(file);
    add(store, containerOf("aa", "old"));
    store.reserveName("new", "aa");
    store.update("aa", { name: "new" });
    store.releaseName("new", "aa");
    expect([store.isNameFree("old"), store.isNameFree("new")]).toEqual([true, false]);
    expect(storeOn(file).find("new").id).toBe("aa");
  });
});

test("a write that fails changes nothing in memory", () => {
  const file = database();
  const store = storeOn(file);
  add(store, containerOf("aa", "web"));
  file.transact((writer) => writer.run("DROP TABLE containers"));
  expect(() => store.update("aa", { restartCount: 1 })).toThrow();
  expect(() => store.bury("aa", true)).toThrow();
  expect(store.get("aa").restartCount).toBe(0);
});

test("keys of users are data, also __proto__", () => {
  const file = database();
  const container = containerOf("aa", "web");
  const labels = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;
  add(storeOn(file), { ...container, config: { ...container.config, Labels: labels } });
  expect(Object.entries(storeOn(file).get("aa").config.Labels ?? {})).toEqual([
    ["__proto__", "x"],
    ["constructor", "y"],
  ]);
});

test("a damaged record is a dead container, which keeps its name and cannot be changed", () => {
  const file = database();
  add(storeOn(file), containerOf("aa", "web"));
  add(storeOn(file), containerOf("bb", "other"));
  file.transact((writer) => writer.run("UPDATE containers SET definition = 'nonsense' WHERE id = 'aa'"));
  const store = storeOn(file);
  expect([...store.all()].map(({ id, damage }) => [id, damage !== undefined])).toEqual([
    ["aa", true],
    ["bb", false],
  ]);
  expect(() => store.update("aa", { hostConfig: {} })).toThrow(expect.objectContaining({ category: "conflict" }));
  expect(store.isNameFree("web")).toBe(false);
  expect(store.accountedIds()).toEqual(new Set(["aa", "bb"]));
});

test("users of an image", () => {
  const store = storeOn(database());
  add(store, containerOf("aa", "web"));
  expect(store.usersOf(image.id).map(({ id }) => id)).toEqual(["aa"]);
  expect(store.usersOf(`sha256:${"b".repeat(64)}`)).toEqual([]);
});
