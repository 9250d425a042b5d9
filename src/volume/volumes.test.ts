import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EngineEvent } from "#events/contract.ts";
import type { VolumeProvider } from "#container/ports.ts";
import { silentLogger } from "#lib/logger.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { parseFilters } from "#spec/filters.ts";
import { volumeListFilterKeys, volumePruneFilterKeys } from "#spec/volume-filters.ts";
import { Database } from "#store/db/database.ts";
import { Trees } from "#store/tree/trees.ts";
import type { PlannedMount } from "./planned-mount.ts";
import { Volumes } from "./volumes.ts";

let base: string;
let root: string;
let rootfs: string;
let database: Database;
let trees: Trees;
let volumes: Volumes;
let events: Omit<EngineEvent, "timeNano">[];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "dhow-volumes-"));
  root = join(base, "volumes");
  rootfs = join(base, "rootfs");
  mkdirSync(rootfs);
  database = Database.open(":memory:");
  trees = new Trees();
  events = [];
  volumes = open();
});

afterEach(async () => {
  await trees.close();
  database.close();
  rmSync(base, { recursive: true, force: true });
});

function open(): Volumes {
  return new Volumes({ database, events: { emit: (event) => void events.push(event) }, trees, logger: silentLogger }, { root });
}

const asked = (name: string | undefined, labels: Record<string, string> = {}): Parameters<Volumes["create"]>[0] => ({
  name,
  driver: "",
  driverOptions: {},
  labels,
});
const plan = (
  containerId: string,
  hostConfig: HostConfig,
  imageVolumes: string[] = [],
  inherited: readonly PlannedMount[] = [],
): Promise<readonly PlannedMount[]> =>
  volumes.plan({ containerId, hostConfig, inherited, config: { Volumes: Object.fromEntries(imageVolumes.map((path) => [path, {}])) } });
const list = (filters?: object): string[] =>
  volumes.list(parseFilters(filters === undefined ? null : JSON.stringify(filters), volumeListFilterKeys)).map(({ name }) => name);
const prune = async (filters: object = {}, allByDefault = false): Promise<readonly string[]> =>
  (await volumes.prune(parseFilters(JSON.stringify(filters), volumePruneFilterKeys), { allByDefault, signal: AbortSignal.timeout(10_000) }))
    .deleted;

describe("a volume", () => {
  it("is made, shown and removed", async () => {
    const volume = await volumes.create(asked("data", { a: "b" }));
    expect(volume).toMatchObject({ name: "data", labels: { a: "b" }, mountpoint: join(root, "data/_data") });
    expect(volumes.inspect("data")).toEqual(volume);
    expect(statSync(join(root, "data")).mode & 0o777).toBe(0o700);
    expect(statSync(volume.mountpoint).mode & 0o777).toBe(0o755);
    writeFileSync(join(volume.mountpoint, "file"), "x");
    await volumes.remove("data", { force: false });
    expect(readdirSync(root)).toEqual([]);
    expect(() => volumes.inspect("data")).toThrow("get data: no such volume");
    expect(events.map(({ action, id }) => `${action} ${id}`)).toEqual(["create data", "destroy data"]);
  });

  it("is the same one when it is asked for again", async () => {
    const first = await volumes.create(asked("data", { a: "b" }));
    expect(await volumes.create(asked("data", { c: "d" }))).toEqual(first);
    expect(events).toHaveLength(1);
  });

  it("is made once by many at once", async () => {
    await Promise.all(Array.from({ length: 20 }, () => volumes.create(asked("data"))));
    expect(events).toHaveLength(1);
  });

  it("gets a name when it has none, and a mark", async () => {
    const { name, labels } = await volumes.create(asked(undefined));
    expect(name).toMatch(/^[0-9a-f]{64}$/);
    expect(labels).toEqual({ "com.docker.volume.anonymous": "" });
  });

  it.each(["../x", "a/b", "/x", "..", ".hidden", "-x", "a b", "a\0b", "ä", "x".repeat(256), "a", "", "a:b"])(
    "cannot be called %j",
    async (name) => {
      await expect(volumes.create(asked(name))).rejects.toThrow(/^create /);
      expect(existsSync(root)).toBe(false);
    },
  );

  it("may have a name that means something to JavaScript", async () => {
    for (const name of ["constructor", "toString", "hasOwnProperty"])
      await volumes.create(asked(name, JSON.parse('{"__proto__":"x"}') as Record<string, string>));
    expect(list({ name: ["constructor"] })).toEqual(["constructor"]);
    expect(list({ label: ["__proto__=x"] })).toHaveLength(3);
    expect(() => volumes.inspect("__proto__")).toThrow("no such volume");
  });

  it("tells Docker's words for a bad name and a driver of nobody", async () => {
    await expect(volumes.create(asked("a/b"))).rejects.toThrow(
      'create a/b: "a/b" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
    );
    await expect(volumes.create({ ...asked("ab"), driver: "nfs" })).rejects.toMatchObject({ category: "not-found" });
    await expect(volumes.create({ ...asked("ab"), driverOptions: { device: "/x" } })).rejects.toThrow(
      'the driver option "device" of local volumes is not supported',
    );
  });

  it("stays while a container has it", async () => {
    await plan("c1", { Binds: ["data:/a", "data:/b"] });
    await plan("c2", { Binds: ["data:/a"] });
    await expect(volumes.remove("data", { force: true })).rejects.toMatchObject({
      category: "conflict",
      message: "remove data: volume is in use - [c1, c2]",
    });
    await volumes.release("c1", { removeAnonymous: true });
    await volumes.release("c2", { removeAnonymous: true });
    await volumes.remove("data", { force: false });
    await volumes.remove("data", { force: true });
    await expect(volumes.remove("data", { force: false })).rejects.toThrow("get data: no such volume");
  });

  it("is found by filters", async () => {
    await volumes.create(asked("web-data", { a: "1", b: "2" }));
    await volumes.create(asked("db-data", { a: "2" }));
    await plan("c", { Binds: ["web-data:/a"] });
    expect(list()).toEqual(["db-data", "web-data"]);
    expect(list({ name: ["data"] })).toEqual(["db-data", "web-data"]);
    expect(list({ name: ["^web", "nothing"] })).toEqual(["web-data"]);
    expect(list({ name: ["^db-data$"] })).toEqual(["db-data"]);
    expect(list({ name: ["^data$"] })).toEqual([]);
    expect(list({ label: ["a"], driver: ["local"] })).toHaveLength(2);
    expect(list({ label: ["a=1", "b"] })).toEqual(["web-data"]);
    expect(list({ driver: ["nfs"] })).toEqual([]);
    expect(list({ dangling: ["true"] })).toEqual(["db-data"]);
    expect(list({ dangling: { "0": true } })).toEqual(["web-data"]);
    expect(() => list({ dangling: ["maybe"] })).toThrow("invalid filter 'dangling=[\"maybe\"]'");
    expect(() => list({ size: ["1"] })).toThrow("invalid filter 'size'");
  });

  it("is pruned when nobody has it or named it", async () => {
    const { name: anonymous } = await volumes.create(asked(undefined));
    await volumes.create(asked("named", { keep: "" }));
    await volumes.create(asked("other"));
    await plan("c", { Binds: ["used:/a"] }, ["/b"]);
    expect(await prune()).toEqual([anonymous]);
    expect(await prune({ all: ["true"], "label!": ["keep"] })).toEqual(["other"]);
    expect(await prune({}, true)).toEqual(["named"]);
    expect(list()).toHaveLength(2);
    expect(events.at(-1)).toMatchObject({ action: "prune" });
  });

  it("tells how much it holds", async () => {
    const { mountpoint } = await volumes.create(asked("data"));
    writeFileSync(join(mountpoint, "file"), Buffer.alloc(100_000));
    const [usage] = await volumes.usage(AbortSignal.timeout(10_000));
    expect(usage?.bytes).toBeGreaterThanOrEqual(100_000);
    expect(usage?.references).toBe(0);
  });
});

describe("mounts of a container", () => {
  it("are what the container noun asks for", () => {
    const provider: VolumeProvider = volumes;
    expect(provider).toBe(volumes);
  });

  it("are planned, shown as Docker shows them, and their volumes made", async () => {
    const mounts = await plan(
      "c",
      { Binds: ["/host:/b:ro", "data:/d"], Mounts: [{ Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 1024 } }] },
      ["/v"],
    );
    const [b, d, t, v] = mounts;
    expect(b).toMatchObject({
      type: "bind",
      source: "/host",
      readOnly: true,
      createSource: true,
      shown: { Type: "bind", Mode: "ro", RW: false, Propagation: "rprivate" },
    });
    expect(d).toMatchObject({
      volumeName: "data",
      copyUp: true,
      shown: { Type: "volume", Name: "data", Driver: "local", Mode: "z", RW: true, Source: join(root, "data/_data") },
    });
    expect(t).toMatchObject({ type: "tmpfs", options: ["size=1024"], source: "" });
    expect(v?.shown).toMatchObject({ Destination: "/v", Mode: "", Driver: "local" });
    expect(new Set(list())).toEqual(new Set([v?.volumeName, "data"]));
  });

  it("refuse everything before they make anything", async () => {
    await expect(plan("c", { Binds: ["good:/a", "../bad:/b"] })).rejects.toThrow("includes invalid characters");
    await expect(plan("c", { Binds: ["good:/a"], Mounts: [{ Type: "bind", Source: join(base, "none"), Target: "/b" }] })).rejects.toThrow(
      `invalid mount config for type "bind": bind source path does not exist: ${join(base, "none")}`,
    );
    await expect(plan("c", { Binds: ["good:/a"], VolumeDriver: "nfs" })).rejects.toThrow('plugin "nfs" not found');
    expect(list()).toEqual([]);
  });

  it("go with the container, but not what was named or is had by another", async () => {
    const first = await plan("c1", { Binds: ["data:/d"] }, ["/v"]);
    await plan("c2", {}, [], first);
    await volumes.release("c1", { removeAnonymous: true });
    expect(list()).toHaveLength(2);
    await volumes.release("c2", { removeAnonymous: true });
    expect(list()).toEqual(["data"]);
    await volumes.release("c2", { removeAnonymous: true });
  });

  it("stay without the wish to remove them", async () => {
    await plan("c", {}, ["/v"]);
    await volumes.release("c", { removeAnonymous: false });
    expect(list()).toHaveLength(1);
  });

  it("make a missing source for -v at the start, and for --mount only when asked", async () => {
    const missing = join(base, "made/by/start");
    const mounts = await plan("c", { Binds: [`${missing}:/b`] });
    expect(existsSync(missing)).toBe(false);
    await volumes.prepare("c", rootfs, mounts);
    expect(statSync(missing).isDirectory()).toBe(true);
    const gone = join(base, "gone");
    mkdirSync(gone);
    const strict = await plan("d", { Mounts: [{ Type: "bind", Source: gone, Target: "/b" }] });
    rmSync(gone, { recursive: true });
    await expect(volumes.prepare("d", rootfs, strict)).rejects.toThrow(`bind source path does not exist: ${gone}`);
    writeFileSync(join(base, "file"), "");
    await expect(volumes.prepare("e", rootfs, await plan("e", { Binds: [`${base}/file/x:/b`] }))).rejects.toThrow("invalid mount config");
  });
});

describe("an empty volume at its first use", () => {
  const content = (name = "data"): string => join(root, name, "_data");
  const fill = async (container: string, hostConfig: HostConfig, target = "/img"): Promise<void> =>
    volumes.prepare(
      container,
      rootfs,
      (await plan(container, hostConfig)).filter((mount) => mount.target === target),
    );

  beforeEach(() => {
    mkdirSync(join(rootfs, "img/sub"), { recursive: true });
    writeFileSync(join(rootfs, "img/sub/file"), "from the image", { mode: 0o640 });
    chownSync(join(rootfs, "img/sub/file"), 12, 34);
    symlinkSync("/etc/shadow", join(rootfs, "img/link"));
    chownSync(join(rootfs, "img"), 5, 6);
    chmodSync(join(rootfs, "img"), 0o1770);
    utimesSync(join(rootfs, "img/sub/file"), 1e9, 1e9);
  });

  it("takes what the image has there, as it is", async () => {
    await fill("c", { Binds: ["data:/img"] });
    const { uid, gid, mode, mtimeMs } = statSync(join(content(), "sub/file"));
    expect({ uid, gid, mode: mode & 0o7777, mtimeMs }).toEqual({ uid: 12, gid: 34, mode: 0o640, mtimeMs: 1e12 });
    expect(lstatSync(join(content(), "link")).isSymbolicLink()).toBe(true);
    expect(statSync(content())).toMatchObject({ uid: 5, gid: 6 });
    expect(statSync(content()).mode & 0o7777).toBe(0o1770);
    expect(readdirSync(join(root, "data"))).toEqual(["_data"]);
  });

  it("is offered it once: what was emptied stays empty for the same container", async () => {
    const mounts = await plan("c", { Binds: ["data:/img"] });
    await volumes.prepare("c", rootfs, mounts);
    for (const name of readdirSync(content())) rmSync(join(content(), name), { recursive: true });
    await volumes.prepare("c", rootfs, mounts);
    expect(readdirSync(content())).toEqual([]);
    await fill("d", { Binds: ["data:/img"] });
    expect(readdirSync(content())).toEqual(["link", "sub"]);
  });

  it("stays as it is when it holds something, or nothing is wanted", async () => {
    const { mountpoint } = await volumes.create(asked("data"));
    writeFileSync(join(mountpoint, "mine"), "");
    await fill("c", { Binds: ["data:/img"] });
    expect(readdirSync(mountpoint)).toEqual(["mine"]);
    await fill("d", { Binds: ["other:/img:nocopy"] });
    expect(readdirSync(content("other"))).toEqual([]);
    expect(statSync(content("other")).uid).toBe(0);
  });

  it("takes the owner of a folder without content", async () => {
    mkdirSync(join(rootfs, "empty"));
    chownSync(join(rootfs, "empty"), 7, 8);
    await fill("c", { Binds: ["data:/empty"] }, "/empty");
    expect(statSync(content())).toMatchObject({ uid: 7, gid: 8 });
    await fill("d", { Binds: ["none:/not/in/image"] }, "/not/in/image");
    expect(readdirSync(content("none"))).toEqual([]);
  });

  it("never takes what is the host's", async () => {
    const canary = join(base, "canary");
    mkdirSync(canary);
    writeFileSync(join(canary, "secret"), "host");
    symlinkSync(canary, join(rootfs, "out"));
    symlinkSync(`${"../".repeat(20)}${canary}`, join(rootfs, "up"));
    symlinkSync("/proc/self/root", join(rootfs, "magic"));
    for (const [index, target] of ["/out", "/up", `/img/../..${canary}`, "/magic"].entries()) {
      await fill(`c${index}`, { Binds: [`v${index}:${target}`] }, target.startsWith("/img") ? canary : target);
      expect(readdirSync(content(`v${index}`))).toEqual([]);
    }
    mkdirSync(join(rootfs, canary), { recursive: true });
    writeFileSync(join(rootfs, canary, "inside"), "");
    await fill("c", { Binds: ["v:/out"], Mounts: [] }, "/out").catch(() => undefined);
    await fill("d", { Binds: ["vv:/out"] }, "/out");
    expect(readdirSync(content("vv"))).toEqual(["inside"]);
  });

  it("ends at the next start what a kill interrupted", async () => {
    const { mountpoint } = await volumes.create(asked("data"));
    mkdirSync(join(root, "data/copying"));
    writeFileSync(join(root, "data/copying/half"), "");
    await fill("c", { Binds: ["data:/img"] });
    expect(readdirSync(mountpoint)).toEqual(["link", "sub"]);
    mkdirSync(join(root, "data/copied"));
    renameSync(join(mountpoint, "sub"), join(root, "data/copied/sub"));
    await fill("d", { Binds: ["data:/img"] });
    expect(readdirSync(mountpoint)).toEqual(["link", "sub"]);
    expect(readFileSync(join(mountpoint, "sub/file"), "utf8")).toBe("from the image");
    expect(readdirSync(join(root, "data"))).toEqual(["_data"]);
  });

  it("leaves nothing of a copy that failed", async () => {
    const failing = new Volumes(
      {
        database,
        events: { emit() {} },
        logger: silentLogger,
        trees: {
          remove: (folder) => trees.remove(folder),
          measure: () => Promise.resolve(0),
          copy: () => Promise.reject(new Error("no space left")),
        },
      },
      { root },
    );
    const mounts = await plan("c", { Binds: ["data:/img"] });
    await expect(failing.prepare("c", rootfs, mounts)).rejects.toThrow("no space left");
    expect(readdirSync(join(root, "data"))).toEqual(["_data"]);
    await volumes.prepare("c", rootfs, mounts);
    expect(readdirSync(content())).toEqual(["link", "sub"]);
  });
});

describe("a daemon that starts anew", () => {
  it("drops what belongs to containers that never came to be, and what was on its way out", async () => {
    await plan("lives", { Binds: ["kept:/a"] }, ["/v"]);
    await plan("lost", { Binds: ["named:/a"] }, ["/v"]);
    mkdirSync(join(root, ".removed-abc"));
    writeFileSync(join(root, ".removed-abc/file"), "");
    volumes = open();
    await volumes.restore(new Set(["lives"]));
    expect(list()).toHaveLength(3);
    expect(list({ dangling: ["true"] })).toEqual(["named"]);
    await expect.poll(() => readdirSync(root).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("makes its folder, for itself alone", async () => {
    await volumes.restore(new Set());
    expect(statSync(root).mode & 0o777).toBe(0o700);
  });
});

it("removes a volume that a container has nested too deep for a path", async () => {
  const { mountpoint } = await volumes.create(asked("deep"));
  execFileSync("python3", [
    "-c",
    "import os,sys\nos.chdir(sys.argv[1])\nfor i in range(600):\n os.mkdir('dddddddd'); os.chdir('dddddddd')",
    mountpoint,
  ]);
  await volumes.remove("deep", { force: false });
  expect(readdirSync(root)).toEqual([]);
});
