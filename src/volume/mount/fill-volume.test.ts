import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { asked, useVolumes } from "../testing.ts";

const at = useVolumes();

describe("an empty volume at its first use", () => {
  const content = (name = "data"): string => join(at().root, name, "_data");
  const fill = async (container: string, hostConfig: HostConfig, target = "/img"): Promise<void> => {
    const mounts = await at().plan(container, hostConfig);
    await at().prepare(
      container,
      mounts.filter((mount) => mount.target === target),
    );
  };

  beforeEach(() => {
    mkdirSync(join(at().rootfs, "img/sub"), { recursive: true });
    writeFileSync(join(at().rootfs, "img/sub/file"), "from the image", { mode: 0o640 });
    chownSync(join(at().rootfs, "img/sub/file"), 12, 34);
    symlinkSync("/etc/shadow", join(at().rootfs, "img/link"));
    chownSync(join(at().rootfs, "img"), 5, 6);
    chmodSync(join(at().rootfs, "img"), 0o1770);
    utimesSync(join(at().rootfs, "img/sub/file"), 1e9, 1e9);
  });

  it("takes what the image has there, as it is", async () => {
    await fill("c", { Binds: ["data:/img"] });
    const { uid, gid, mode, mtimeMs } = statSync(join(content(), "sub/file"));
    expect({ uid, gid, mode: mode & 0o7777, mtimeMs }).toEqual({ uid: 12, gid: 34, mode: 0o640, mtimeMs: 1e12 });
    expect(lstatSync(join(content(), "link")).isSymbolicLink()).toBe(true);
    expect(statSync(content())).toMatchObject({ uid: 5, gid: 6 });
    expect(statSync(content()).mode & 0o7777).toBe(0o1770);
    expect(readdirSync(join(at().root, "data"))).toEqual(["_data"]);
  });

  it("is offered it once: what was emptied stays empty for the same container", async () => {
    const mounts = await at().plan("c", { Binds: ["data:/img"] });
    await at().prepare("c", mounts);
    for (const name of readdirSync(content())) rmSync(join(content(), name), { recursive: true });
    await at().prepare("c", mounts);
    expect(readdirSync(content())).toEqual([]);
    await fill("d", { Binds: ["data:/img"] });
    expect(readdirSync(content())).toEqual(["link", "sub"]);
  });

  it("stays as it is when it holds something, or nothing is wanted", async () => {
    const { mountpoint } = await at().volumes.create(asked("data"));
    writeFileSync(join(mountpoint, "mine"), "");
    await fill("c", { Binds: ["data:/img"] });
    expect(readdirSync(mountpoint)).toEqual(["mine"]);
    await fill("d", { Binds: ["other:/img:nocopy"] });
    expect(readdirSync(content("other"))).toEqual([]);
    expect(statSync(content("other")).uid).toBe(0);
  });

  it("takes the owner of a folder without content", async () => {
    mkdirSync(join(at().rootfs, "empty"));
    chownSync(join(at().rootfs, "empty"), 7, 8);
    await fill("c", { Binds: ["data:/empty"] }, "/empty");
    expect(statSync(content())).toMatchObject({ uid: 7, gid: 8 });
    await fill("d", { Binds: ["none:/not/in/image"] }, "/not/in/image");
    expect(readdirSync(content("none"))).toEqual([]);
  });

  it("never takes what is the host's", async () => {
    const canary = join(at().base, "canary");
    mkdirSync(canary);
    writeFileSync(join(canary, "secret"), "host");
    symlinkSync(canary, join(at().rootfs, "out"));
    symlinkSync(`${"../".repeat(20)}${canary}`, join(at().rootfs, "up"));
    symlinkSync("/proc/self/root", join(at().rootfs, "magic"));
    for (const [index, target] of ["/out", "/up", `/img/../..${canary}`, "/magic"].entries()) {
      await fill(`c${index}`, { Binds: [`v${index}:${target}`] }, target.startsWith("/img") ? canary : target);
      expect(readdirSync(content(`v${index}`))).toEqual([]);
    }
    mkdirSync(join(at().rootfs, canary), { recursive: true });
    writeFileSync(join(at().rootfs, canary, "inside"), "");
    await fill("c", { Binds: ["v:/out"], Mounts: [] }, "/out").catch(() => undefined);
    await fill("d", { Binds: ["vv:/out"] }, "/out");
    expect(readdirSync(content("vv"))).toEqual(["inside"]);
  });

  it("ends at the next start what a kill interrupted", async () => {
    const { mountpoint } = await at().volumes.create(asked("data"));
    mkdirSync(join(at().root, "data/copying"));
    writeFileSync(join(at().root, "data/copying/half"), "");
    await fill("c", { Binds: ["data:/img"] });
    expect(readdirSync(mountpoint)).toEqual(["link", "sub"]);
    mkdirSync(join(at().root, "data/copied"));
    renameSync(join(mountpoint, "sub"), join(at().root, "data/copied/sub"));
    await fill("d", { Binds: ["data:/img"] });
    expect(readdirSync(mountpoint)).toEqual(["link", "sub"]);
    expect(readFileSync(join(mountpoint, "sub/file"), "utf8")).toBe("from the image");
    expect(readdirSync(join(at().root, "data"))).toEqual(["_data"]);
  });

  it("leaves nothing of a copy that failed", async () => {
    const failing = at().open({
      trees: {
        remove: (folder) => at().trees.remove(folder),
        measure: () => Promise.resolve(0),
        copy: () => Promise.reject(new Error("no space left")),
      },
    });
    const mounts = await at().plan("c", { Binds: ["data:/img"] });
    const request = { container: "c", holder: "c", rootfs: at().rootfs, mounts, user: () => ({ uid: 0, gid: 0 }) };
    await expect(failing.prepare(request)).rejects.toThrow("no space left");
    expect(readdirSync(join(at().root, "data"))).toEqual(["_data"]);
    await at().prepare("c", mounts);
    expect(readdirSync(content())).toEqual(["link", "sub"]);
  });
});
