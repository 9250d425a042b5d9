import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isEngineError } from "#errors/engine-error.ts";
import { makeCertificate } from "#http/test-certificates.ts";
import { asked, useVolumes } from "../testing.ts";
import { findPlugin, pluginNames } from "./discover.ts";
import { FakePlugin, HANG_UP } from "./fake-plugin.ts";

const at = useVolumes();
let plugin: FakePlugin;

beforeEach(async () => {
  plugin = new FakePlugin(join(at().base, "kept"));
  await plugin.listen(join(at().plugins, "store.sock"));
});

afterEach(async () => await plugin.close());

const store = (name: string, driverOptions = {}): Parameters<ReturnType<typeof at>["volumes"]["create"]>[0] => ({
  ...asked(name),
  driver: "store",
  driverOptions,
});

describe("finding plugins", () => {
  const folders = (): Parameters<typeof findPlugin>[1] => ({ sockets: [at().plugins], specifications: [join(at().base, "specs")] });

  it("knows sockets, lines and descriptions, each also in a folder of its name", async () => {
    for (const name of ["inner", "specs", "specs/tls"]) mkdirSync(join(at().base, name === "inner" ? "plugins/inner" : name));
    const inner = new FakePlugin(at().base);
    await inner.listen(join(at().plugins, "inner/inner.sock"));
    writeFileSync(join(at().base, "specs/line.spec"), "tcp://host:8080\n");
    writeFileSync(join(at().base, "specs/sock.spec"), "unix:///else/where.sock");
    writeFileSync(
      join(at().base, "specs/tls/tls.json"),
      JSON.stringify({
        Name: "tls",
        Addr: "https://[::1]:99",
        TLSConfig: { CAFile: "ca.pem", CertFile: "/c.pem", InsecureSkipVerify: false },
      }),
    );
    writeFileSync(join(at().base, "specs/bad.spec"), "ftp://host");
    expect(await pluginNames(folders())).toEqual(["bad", "inner", "line", "sock", "store", "tls"]);
    const addressOf = async (name: string): Promise<unknown> => (await findPlugin(name, folders()))?.address;
    expect(await addressOf("store")).toEqual({ kind: "unix", path: join(at().plugins, "store.sock") });
    expect(await addressOf("inner")).toEqual({ kind: "unix", path: join(at().plugins, "inner/inner.sock") });
    expect(await addressOf("line")).toEqual({ kind: "tcp", host: "host", port: 8080 });
    expect(await addressOf("sock")).toEqual({ kind: "unix", path: "/else/where.sock" });
    expect(await addressOf("tls")).toEqual({
      kind: "tls",
      host: "::1",
      port: 99,
      tls: { ca: join(at().base, "specs/tls/ca.pem"), cert: "/c.pem", key: undefined, insecure: false },
    });
    await expect(addressOf("bad")).rejects.toThrow('"ftp://host" is no address of a plugin');
    await inner.close();
  });

  it.each(["../store", "a/b", "..", "", "store\0", "x".repeat(200)])("takes no name that is part of another path: %j", async (name) => {
    expect(await findPlugin(name, folders())).toBeUndefined();
  });
});

describe("a volume of a plugin", () => {
  it("is made, shown, listed and removed by it", async () => {
    const made = await at().volumes.create(store("data", { size: "1" }));
    expect(made).toMatchObject({ driver: "store", options: { size: "1" }, scope: "global", status: { mounts: 0 } });
    expect(plugin.calls.find(({ method }) => method === "VolumeDriver.Create")?.body).toEqual({ Name: "data", Opts: { size: "1" } });
    expect(await at().volumes.inspect("data")).toEqual(made);
    expect(await at().list({ driver: ["store"] })).toEqual(["data"]);
    expect(await at().volumes.driverNames()).toEqual(["local", "store"]);
    await at().volumes.remove("data", { force: false });
    expect(plugin.volumes.size).toBe(0);
    expect(await at().list()).toEqual([]);
    expect(at().events.map(({ action, attributes }) => [action, attributes["driver"]])).toEqual([
      ["create", "store"],
      ["destroy", "store"],
    ]);
  });

  it("may be one that only the plugin knows", async () => {
    plugin.volumes.set("theirs", { options: {}, mounts: new Set() });
    expect(await at().list()).toEqual(["theirs"]);
    expect(await at().volumes.inspect("theirs")).toMatchObject({ driver: "store", created: "2026-01-02T03:04:05Z" });
    const [mount] = await at().plan("c", { Binds: ["theirs:/x"] });
    expect(mount?.shown).toMatchObject({ Driver: "store", Name: "theirs" });
    await at().volumes.release("c", { removeAnonymous: true });
    await at().volumes.remove("theirs", { force: false });
    expect(plugin.volumes.size).toBe(0);
  });

  it("cannot have the name of another driver's", async () => {
    await at().volumes.create(asked("data"));
    await expect(at().volumes.create(store("data"))).rejects.toMatchObject({
      category: "conflict",
      message: "create data: conflict: volume name must be unique",
    });
  });

  it("is mounted once for each holder, also when a daemon comes in between", async () => {
    const mounts = await at().plan("c1", { Binds: ["data:/x", "data:/y"], VolumeDriver: "store" });
    expect(await at().prepare("c1", mounts)).toMatchObject([{ source: plugin.pathOf("data") }, { source: plugin.pathOf("data") }]);
    await at().prepare("c2", await at().plan("c2", { Binds: ["data:/x"] }));
    expect([...(plugin.volumes.get("data")?.mounts ?? [])]).toEqual(["c1", "c2"]);
    await expect(at().volumes.remove("data", { force: true })).rejects.toThrow("volume is in use - [c1, c2]");
    await at().volumes.close();
    at().volumes = at().open();
    expect(at().volumes.located("c1", mounts)).toMatchObject([{ source: plugin.pathOf("data") }, { source: plugin.pathOf("data") }]);
    await at().volumes.restoreMounts(new Set(["c1"]));
    await expect.poll(() => [...(plugin.volumes.get("data")?.mounts ?? [])]).toEqual(["c1"]);
    await at().volumes.unmount("c1");
    expect(plugin.volumes.get("data")?.mounts.size).toBe(0);
    // A start after a crash: what the same holder had before is given back first.
    await at().prepare("c1", mounts);
    await at().prepare("c1", mounts);
    expect(plugin.methods().filter((method) => method.endsWith("ount"))).toEqual([
      "Mount",
      "Mount",
      "Unmount",
      "Unmount",
      "Mount",
      "Unmount",
      "Mount",
    ]);
  });

  it("is not pruned: what others keep is theirs", async () => {
    await at().volumes.create(store("data"));
    expect(await at().prune({ all: ["true"] })).toEqual([]);
  });
});

describe("a plugin that is no help", () => {
  const unavailable = (text: string): object => ({ category: "unavailable", message: expect.stringContaining(text) as string });

  it("is none at all", async () => {
    await expect(at().volumes.create({ ...asked("data"), driver: "none" })).rejects.toMatchObject({
      category: "not-found",
      message: 'create data: error looking up volume plugin none: plugin "none" not found',
    });
    plugin.overrides["Plugin.Activate"] = () => ({ Implements: ["authz"] });
    await expect(at().volumes.create(store("data"))).rejects.toThrow('plugin "store" not found');
  });

  it("says no, in words that are shown without what would move a cursor", async () => {
    plugin.overrides["VolumeDriver.Create"] = () => ({ Err: "no \u001b[2Jroom\n" });
    await expect(at().volumes.create(store("data"))).rejects.toThrow("create data: VolumeDriver.Create: no  [2Jroom");
    expect(await at().list()).toEqual([]);
  });

  it.each([
    ["hangs", () => undefined, "no answer within"],
    ["hangs up", () => HANG_UP, "socket hang up"],
    ["answers no JSON", () => "<html>", "it is no JSON"],
    ["answers a list", () => "[]", "it is no object"],
    ["answers without an end", () => `{"x":"${"a".repeat(9 * 1024 * 1024)}"}`, "larger than"],
  ])("%s", async (_, answer, message) => {
    const patience = { ask: 2_000, work: 2_000, retryAfter: 5, retries: 1 };
    at().volumes = at().open({}, { patience });
    await at().volumes.create(store("data"));
    plugin.overrides["VolumeDriver.Get"] = answer;
    plugin.overrides["VolumeDriver.Mount"] = answer;
    await expect(at().volumes.inspect("data")).rejects.toMatchObject(unavailable(message));
    plugin.overrides["VolumeDriver.List"] = answer;
    expect(await at().list()).toEqual(["data"]);
    delete plugin.overrides["VolumeDriver.Get"];
    const mounts = await at().plan("c", { Binds: ["data:/x"] });
    await expect(at().prepare("c", mounts)).rejects.toMatchObject(unavailable(message));
    expect(at().database.read((db) => db.all("SELECT * FROM volume_holds"))).toEqual([]);
  });

  it("cannot reach its disk: it is not believed to have no such volume, and the volume stays", async () => {
    await at().volumes.create(store("data"));
    const broken = (): object => ({ Err: "EIO: i/o error" });
    for (const method of ["Get", "List", "Remove"]) plugin.overrides[`VolumeDriver.${method}`] = broken;
    await expect(at().volumes.inspect("data")).rejects.toThrow("VolumeDriver.Get: EIO: i/o error");
    await expect(at().volumes.remove("data", { force: true })).rejects.toThrow("remove data: VolumeDriver.Remove: EIO: i/o error");
    expect(at().database.read((db) => db.all("SELECT name FROM volumes"))).toEqual([{ name: "data" }]);
    // Well again, and without it: somebody removed it over there.
    for (const method of ["Get", "List"]) delete plugin.overrides[`VolumeDriver.${method}`];
    plugin.volumes.delete("data");
    await expect(at().volumes.inspect("data")).rejects.toThrow('the driver "store" has no such volume any more');
    await at().volumes.remove("data", { force: false });
    expect(await at().list()).toEqual([]);
  });

  it("is gone: what it kept is listed as it is written down, and can be given back", async () => {
    const mounts = await at().plan("c", { Binds: ["data:/x"], VolumeDriver: "store" });
    await at().prepare("c", mounts);
    await plugin.close();
    expect(await at().list()).toEqual(["data"]);
    const error: unknown = await at()
      .volumes.inspect("data")
      .catch((reason: unknown) => reason);
    expect(isEngineError(error, "unavailable", "not-found")).toBe(true);
    await at().volumes.unmount("c");
    await at().volumes.release("c", { removeAnonymous: true });
    await expect(at().volumes.remove("data", { force: false })).rejects.toThrow(/plugin/);
    expect(await at().list()).toEqual(["data"]);
  });

  it.each(["", "relative", "/etc", "/etc/ssh", "/proc/1/root", "/", "/no/such/folder", `/tmp/${"x".repeat(5000)}`, "/tmp/a\0b", 5, null])(
    "mounts at %j",
    async (Mountpoint) => {
      const mounts = await at().plan("c", { Binds: ["data:/x"], VolumeDriver: "store" });
      plugin.overrides["VolumeDriver.Mount"] = () => ({ Mountpoint });
      await expect(at().prepare("c", mounts)).rejects.toMatchObject(unavailable("gave no usable mount point for data"));
    },
  );

  it("mounts behind a link to what is the host's", async () => {
    const mounts = await at().plan("c", { Binds: ["data:/x"], VolumeDriver: "store" });
    symlinkSync("/etc", join(at().base, "innocent"));
    plugin.overrides["VolumeDriver.Mount"] = () => ({ Mountpoint: join(at().base, "innocent") });
    await expect(at().prepare("c", mounts)).rejects.toThrow("is the host's own");
    expect(plugin.methods().at(-1)).toBe("Unmount");
  });
});

it("speaks TCP with a plugin that has an address", async () => {
  const remote = new FakePlugin(at().base);
  await remote.listen(0);
  writeFileSync(join(at().plugins, "remote.spec"), `tcp://127.0.0.1:${remote.port}`);
  await at().volumes.create({ ...asked("data"), driver: "remote" });
  expect(remote.volumes.has("data")).toBe(true);
  await remote.close();
});

describe("a plugin over TLS, by a description with TLSConfig", () => {
  const authority = makeCertificate({ name: "authority", ca: true });
  const server = makeCertificate({ name: "plugin", issuer: authority, use: "server" });
  const client = makeCertificate({ name: "engine", issuer: authority, use: "client" });
  const stranger = makeCertificate({ name: "stranger", ca: true });
  let remote: FakePlugin;

  beforeEach(async () => {
    remote = new FakePlugin(at().base, {
      cert: server.cert,
      key: server.key,
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
    });
    await remote.listen(0);
    const files = { "ca.pem": authority.cert, "cert.pem": client.cert, "key.pem": client.key, "stranger.pem": stranger.cert };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(at().plugins, name), text);
  });
  afterEach(async () => await remote.close());

  const made = async (TLSConfig: object): Promise<boolean> => {
    writeFileSync(
      join(at().plugins, "remote.json"),
      JSON.stringify({ Name: "remote", Addr: `https://127.0.0.1:${remote.port}`, TLSConfig }),
    );
    await at().volumes.create({ ...asked("data"), driver: "remote" });
    return remote.volumes.has("data");
  };
  const identity = { CertFile: "cert.pem", KeyFile: "key.pem" };

  it("is spoken to when both show who they are, files found beside the description", async () => {
    expect(await made({ CAFile: "ca.pem", ...identity })).toBe(true);
  });

  it("is spoken to unverified where that is said", async () => {
    expect(await made({ InsecureSkipVerify: true, ...identity })).toBe(true);
  });

  it.each([
    ["its authority is another", { CAFile: "stranger.pem", ...identity }, /certificate/],
    ["it does not know us", { CAFile: "ca.pem" }, /certificate required|ECONNRESET|hang up|alert/],
    ["a file is missing", { CAFile: "none.pem", ...identity }, /none\.pem/],
  ])("is not spoken to when %s", async (_, tls, message) => {
    await expect(made(tls)).rejects.toThrow(message);
    expect(remote.volumes.size).toBe(0);
    expect(await at().list()).toEqual([]);
  });
});
