import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { median } from "#test/support/median.ts";
import { asked, useVolumes } from "../testing.ts";
import { VolumeStore } from "../volume-store.ts";

const at = useVolumes();

describe("a volume", () => {
  it("is made, shown and removed", async () => {
    const volume = await at().volumes.create(asked("data", { a: "b" }));
    expect(volume).toMatchObject({ name: "data", labels: { a: "b" }, mountpoint: join(at().root, "data/_data") });
    expect(await at().volumes.inspect("data")).toEqual(volume);
    expect(statSync(join(at().root, "data")).mode & 0o777).toBe(0o700);
    expect(statSync(volume.mountpoint).mode & 0o777).toBe(0o755);
    writeFileSync(join(volume.mountpoint, "file"), "x");
    await at().volumes.remove("data", { force: false });
    expect(readdirSync(at().root)).toEqual([]);
    await expect(at().volumes.inspect("data")).rejects.toThrow("get data: no such volume");
    expect(at().events.map(({ action, id }) => `${action} ${id}`)).toEqual(["create data", "destroy data"]);
  });

  it("is the same one when it is asked for again", async () => {
    const first = await at().volumes.create(asked("data", { a: "b" }));
    expect(await at().volumes.create(asked("data", { c: "d" }))).toEqual(first);
    expect(at().events).toHaveLength(1);
  });

  it("is made once by many at once", async () => {
    await Promise.all(Array.from({ length: 20 }, () => at().volumes.create(asked("data"))));
    expect(at().events).toHaveLength(1);
  });

  it("gets a name when it has none, and a mark", async () => {
    const { name, labels } = await at().volumes.create(asked(undefined));
    expect(name).toMatch(/^[0-9a-f]{64}$/);
    expect(labels).toEqual({ "com.docker.volume.anonymous": "" });
  });

  it.each(["../x", "a/b", "/x", "..", ".hidden", "-x", "a b", "a\0b", "ä", "x".repeat(256), "a", "", "a:b"])(
    "cannot be called %j",
    async (name) => {
      await expect(at().volumes.create(asked(name))).rejects.toThrow(/^create /);
      expect(existsSync(at().root)).toBe(false);
    },
  );

  it("may have a name that means something to JavaScript", async () => {
    for (const name of ["constructor", "toString", "hasOwnProperty"])
      await at().volumes.create(asked(name, JSON.parse('{"__proto__":"x"}') as Record<string, string>));
    expect(await at().list({ name: ["constructor"] })).toEqual(["constructor"]);
    expect(await at().list({ label: ["__proto__=x"] })).toHaveLength(3);
    await expect(at().volumes.inspect("__proto__")).rejects.toThrow("no such volume");
  });

  it("tells Docker's words for a bad name and a driver of nobody", async () => {
    await expect(at().volumes.create(asked("a/b"))).rejects.toThrow(
      'create a/b: "a/b" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
    );
    await expect(at().volumes.create({ ...asked("ab"), driver: "nfs" })).rejects.toMatchObject({ category: "not-found" });
    await expect(at().volumes.create({ ...asked("ab"), driverOptions: { device: "/x" } })).rejects.toThrow(
      'create ab: missing required option: "type"',
    );
  });

  it("stays while a container has it", async () => {
    await at().plan("c1", { Binds: ["data:/a", "data:/b"] });
    await at().plan("c2", { Binds: ["data:/a"] });
    await expect(at().volumes.remove("data", { force: true })).rejects.toMatchObject({
      category: "conflict",
      message: "remove data: volume is in use - [c1, c2]",
    });
    await at().volumes.release("c1", { removeAnonymous: true });
    await at().volumes.release("c2", { removeAnonymous: true });
    await at().volumes.remove("data", { force: false });
    await at().volumes.remove("data", { force: true });
    await expect(at().volumes.remove("data", { force: false })).rejects.toThrow("get data: no such volume");
  });

  it("is found by filters", async () => {
    await at().volumes.create(asked("web-data", { a: "1", b: "2" }));
    await at().volumes.create(asked("db-data", { a: "2" }));
    await at().plan("c", { Binds: ["web-data:/a"] });
    expect(await at().list()).toEqual(["db-data", "web-data"]);
    expect(await at().list({ name: ["data"] })).toEqual(["db-data", "web-data"]);
    expect(await at().list({ name: ["^web", "nothing"] })).toEqual(["web-data"]);
    expect(await at().list({ name: ["^db-data$"] })).toEqual(["db-data"]);
    expect(await at().list({ name: ["^data$"] })).toEqual([]);
    expect(await at().list({ label: ["a"], driver: ["local"] })).toHaveLength(2);
    expect(await at().list({ label: ["a=1", "b"] })).toEqual(["web-data"]);
    expect(await at().list({ driver: ["nfs"] })).toEqual([]);
    expect(await at().list({ dangling: ["true"] })).toEqual(["db-data"]);
    expect(await at().list({ dangling: { "0": true } })).toEqual(["web-data"]);
    await expect(at().list({ dangling: ["maybe"] })).rejects.toThrow("invalid filter 'dangling=[\"maybe\"]'");
    await expect(at().list({ size: ["1"] })).rejects.toThrow("invalid filter 'size'");
  });

  it("is pruned when nobody has it or named it", async () => {
    const { name: anonymous } = await at().volumes.create(asked(undefined));
    await at().volumes.create(asked("named", { keep: "" }));
    await at().volumes.create(asked("other"));
    await at().plan("c", { Binds: ["used:/a"] }, ["/b"]);
    expect(await at().prune()).toEqual([anonymous]);
    expect(await at().prune({ all: ["true"], "label!": ["keep"] })).toEqual(["other"]);
    expect(await at().prune({}, true)).toEqual(["named"]);
    expect(await at().list()).toHaveLength(2);
    expect(at().events.at(-1)).toMatchObject({ action: "prune" });
  });

  it("tells how much it holds", async () => {
    const { mountpoint } = await at().volumes.create(asked("data"));
    writeFileSync(join(mountpoint, "file"), Buffer.alloc(100_000));
    const [usage] = await at().volumes.usage(AbortSignal.timeout(10_000));
    expect(usage?.bytes).toBeGreaterThanOrEqual(100_000);
    expect(usage?.references).toBe(0);
  });
});

describe("a daemon that starts anew", () => {
  it("drops what belongs to containers that never came to be, and what was on its way out", async () => {
    await at().plan("lives", { Binds: ["kept:/a"] }, ["/v"]);
    await at().plan("lost", { Binds: ["named:/a"] }, ["/v"]);
    mkdirSync(join(at().root, ".removed-abc"));
    writeFileSync(join(at().root, ".removed-abc/file"), "");
    at().volumes = at().open();
    await at().volumes.restore(new Set(["lives"]));
    expect(await at().list()).toHaveLength(3);
    expect(await at().list({ dangling: ["true"] })).toEqual(["named"]);
    await expect.poll(() => readdirSync(at().root).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("makes its folder, for itself alone", async () => {
    await at().volumes.restore(new Set());
    expect(statSync(at().root).mode & 0o777).toBe(0o700);
  });
});

it("removes a volume that a container has nested too deep for a path", async () => {
  const { mountpoint } = await at().volumes.create(asked("deep"));
  execFileSync("python3", [
    "-c",
    "import os,sys\nos.chdir(sys.argv[1])\nfor i in range(600):\n os.mkdir('dddddddd'); os.chdir('dddddddd')",
    mountpoint,
  ]);
  await at().volumes.remove("deep", { force: false });
  expect(readdirSync(at().root)).toEqual([]);
});

it("lists a thousand volumes in well under 50 ms, and never as they were before", async () => {
  const names = Array.from({ length: 1000 }, (_, index) => `v${String(index).padStart(4, "0")}`);
  const store = new VolumeStore(at().database, at().root);
  for (const name of names) store.add({ name, created: "2026-01-01T00:00:00Z", labels: { of: "many" }, driver: "local", options: {} });
  const times: number[] = [];
  for (let round = 0; round < 9; round++) {
    const start = performance.now();
    expect((await at().list({ label: ["of=many"] })).length).toBe(1000);
    times.push(performance.now() - start);
  }
  expect(median(times)).toBeLessThan(50);
  await at().volumes.remove("v0500", { force: false });
  expect(await at().list()).toEqual(names.filter((name) => name !== "v0500"));
  await at().volumes.create(asked("v0500"));
  expect(await at().list()).toEqual(names);
});
