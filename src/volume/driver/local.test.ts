import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";
import { asked, useVolumes } from "../testing.ts";
import { parseLocalOptions } from "./local-options.ts";
import { isReadOnly, parseMountOptions } from "./mount-options.ts";
import { withServerAddress } from "./server-address.ts";

const at = useVolumes();
const tmpfs = (o?: string): { driverOptions: Record<string, string> } => ({
  driverOptions: { type: "tmpfs", device: "tmpfs", ...(o === undefined ? {} : { o }) },
});

describe("options of the local driver", () => {
  it.each([
    [{ foo: "1" }, 'create v: invalid option: "foo"'],
    [{ type: "tmpfs" }, 'create v: missing required option: "device"'],
    [{ device: "/x" }, 'create v: missing required option: "type"'],
    [{ o: "ro" }, 'create v: missing required option: "device"'],
    [{ constructor: "x" }, 'create v: invalid option: "constructor"'],
    [{ size: "lots" }, "create v: invalid size: 'lots'"],
    [{ type: "tmpfs", device: "a\0b" }, "an option holds a NUL"],
    [{ type: "tmpfs", device: "tmpfs", size: "1m" }, "the limit is the file system's"],
  ])("%j are refused", (options, message) => {
    expect(() => parseLocalOptions("v", options as unknown as Record<string, string>)).toThrow(message);
  });

  it("say what is mounted", () => {
    expect(parseLocalOptions("v", {})).toEqual({ size: undefined, mount: undefined });
    expect(parseLocalOptions("v", { size: "10m" })).toEqual({ size: 10 * 1024 * 1024, mount: undefined });
    const mount = { type: "nfs", device: ":/x", options: "addr=1.2.3.4,rw" };
    expect(parseLocalOptions("v", { type: "nfs", device: ":/x", o: "addr=1.2.3.4,rw" })).toEqual({ size: undefined, mount });
  });

  it.each([
    ["size=1m,uid=5", 0, "size=1m,uid=5"],
    ["ro,nosuid,noexec,rw", 2 | 8, ""],
    ["bind", 4096, ""],
    ["rbind,ro", 4096 | 0x4000 | 1, ""],
    ["addr=10.0.0.1,vers=4,soft,,", 0, "addr=10.0.0.1,vers=4,soft"],
    ["toString,__proto__", 0, "toString,__proto__"],
    ["", 0, ""],
  ])("%j are flags and the file system's words", (text, flags, data) => {
    expect(parseMountOptions(text)).toMatchObject({ flags, data });
  });

  it("mount a bind again that is to be read-only, and change who hears of it", () => {
    expect(parseMountOptions("bind,ro").remount).toBe(4096 | 1);
    expect(parseMountOptions("bind").remount).toBe(0);
    expect(parseMountOptions("rbind,rslave").propagation).toBe((1 << 19) | 0x4000);
    expect(isReadOnly(parseMountOptions("ro"))).toBe(true);
  });

  it("name a server by its address", async () => {
    expect(await withServerAddress("nfs", ":/x", "addr=localhost,ro")).toMatch(/^addr=(127\.0\.0\.1|::1),ro$/);
    expect(await withServerAddress("nfs4", ":/x", "addr=10.0.0.1")).toBe("addr=10.0.0.1");
    expect(await withServerAddress("cifs", "//localhost/share", "user=a")).toMatch(/^user=a,addr=/);
    expect(await withServerAddress("cifs", "//10.0.0.1/share", "user=a")).toBe("user=a");
    expect(await withServerAddress("ext4", "/dev/x", "addr=localhost")).toBe("addr=localhost");
    await expect(withServerAddress("nfs", ":/x", "addr=no.such.host.invalid")).rejects.toThrow(
      "error resolving passed in network volume address",
    );
  });
});

describe("a volume with something mounted on it", () => {
  const mounted = (): string[] => mountPointsBelow(at().root);

  it("has it while somebody holds it, and once", async () => {
    await at().volumes.create({ ...asked("data"), ...tmpfs("size=1m") });
    const mounts = await at().plan("c1", { Binds: ["data:/x"] });
    expect(mounted()).toEqual([]);
    const [first] = await at().prepare("c1", mounts);
    expect(first?.source).toBe(join(at().root, "data/_data"));
    await at().prepare("c2", await at().plan("c2", { Binds: ["data:/x"] }));
    expect(mounted()).toHaveLength(1);
    writeFileSync(join(first?.source ?? "", "file"), "shared");
    await at().volumes.unmount("c1");
    expect(readFileSync(join(at().root, "data/_data/file"), "utf8")).toBe("shared");
    await at().volumes.unmount("c2");
    expect(mounted()).toEqual([]);
    expect(readdirSync(join(at().root, "data/_data"))).toEqual([]);
  });

  it("is full when it is full", async () => {
    await at().volumes.create({ ...asked("data"), ...tmpfs("size=64k") });
    const [mount] = await at().prepare("c", await at().plan("c", { Binds: ["data:/x"] }));
    expect(() => writeFileSync(join(mount?.source ?? "", "file"), Buffer.alloc(1_000_000))).toThrow("ENOSPC");
    await at().volumes.unmount("c");
  });

  it("takes the image's content, and leaves nothing of the copying", async () => {
    mkdirSync(join(at().rootfs, "img"));
    writeFileSync(join(at().rootfs, "img/file"), "from the image");
    await at().volumes.create({ ...asked("data"), ...tmpfs() });
    const [mount] = await at().prepare("c", await at().plan("c", { Binds: ["data:/img"] }));
    expect(readdirSync(mount?.source ?? "")).toEqual(["file"]);
    await at().volumes.unmount("c");
  });

  it("says what the kernel has against it, and leaves nothing mounted and no note", async () => {
    await at().volumes.create({ ...asked("data"), driverOptions: { type: "ext4", device: "/dev/null", o: "password=secret,ro" } });
    const mounts = await at().plan("c", { Binds: ["data:/x"] });
    await expect(at().prepare("c", mounts)).rejects.toThrow(
      /^failed to mount local volume data: device "\/dev\/null" with type "ext4" and options "password=\*+,ro": [a-z ]+$/,
    );
    expect(mounted()).toEqual([]);
    expect(at().database.read((db) => db.all("SELECT * FROM volume_holds"))).toEqual([]);
    await at().volumes.release("c", { removeAnonymous: true });
    await at().volumes.remove("data", { force: false });
  });

  it("is given back by the next daemon when its holder is no more, and taken over when he is", async () => {
    await at().volumes.create({ ...asked("kept"), ...tmpfs() });
    await at().volumes.create({ ...asked("left"), ...tmpfs() });
    await at().prepare("runs", await at().plan("runs", { Binds: ["kept:/x"] }));
    await at().prepare("view-1", await at().plan("c", { Binds: ["left:/x"] }));
    at().volumes = at().open();
    await at().volumes.restoreMounts(new Set(["runs"]));
    await expect.poll(mounted).toEqual([join(at().root, "kept/_data")]);
    await at().volumes.unmount("runs");
    expect(mounted()).toEqual([]);
  });

  it("goes with what was left mounted on it, and not with what that holds", async () => {
    mkdirSync(join(at().base, "host"));
    writeFileSync(join(at().base, "host/precious"), "kept");
    const driverOptions = { type: "none", device: join(at().base, "host"), o: "bind" };
    await at().volumes.create({ ...asked("data"), driverOptions });
    await at().prepare("c", await at().plan("c", { Binds: ["data:/x"] }));
    await at().volumes.unmount("c");
    await at().volumes.release("c", { removeAnonymous: true });
    await at().prepare("lost", [...(await at().plan("gone", { Binds: ["data:/x"] }))]);
    await at().volumes.release("gone", { removeAnonymous: true });
    await expect(at().volumes.remove("data", { force: true })).rejects.toThrow("volume is in use - [lost]");
    await at().volumes.unmount("lost");
    await at().volumes.remove("data", { force: true });
    expect(readFileSync(join(at().base, "host/precious"), "utf8")).toBe("kept");
    expect(mounted()).toEqual([]);
  });
});

describe("a size", () => {
  it("is refused where the file system counts nothing, and nothing is left", async () => {
    const refused = await at()
      .volumes.create({ ...asked("data"), driverOptions: { size: "10m" } })
      .then(
        () => "made",
        (error: unknown) => String(error),
      );
    // A host whose temporary folder has project quotas can do it.
    expect(refused).toMatch(/^made$|create data: quota size requested but no quota support/);
    expect(await at().list()).toHaveLength(refused === "made" ? 1 : 0);
    expect(readdirSync(at().root)).toHaveLength(refused === "made" ? 1 : 0);
  });
});

it("is not led elsewhere by a link in place of its folder", async () => {
  mkdirSync(at().root, { recursive: true });
  mkdirSync(join(at().base, "host"));
  symlinkSync(join(at().base, "host"), join(at().root, "data"));
  await at()
    .volumes.create({ ...asked("data"), ...tmpfs() })
    .catch(() => undefined);
  expect(mountPointsBelow(join(at().base, "host"))).toEqual([]);
});
