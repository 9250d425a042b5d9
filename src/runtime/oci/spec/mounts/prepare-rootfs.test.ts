import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ContainerMount } from "../../spec-input.ts";
import { prepareRootfs } from "./prepare-rootfs.ts";

let base: string;
let rootfs: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "dhow-prepare-"));
  rootfs = join(base, "root");
  mkdirSync(rootfs);
  mkdirSync(join(base, "host"));
  writeFileSync(join(base, "file"), "");
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const mount = (target: string, source = join(base, "host"), type: ContainerMount["type"] = "bind"): ContainerMount => ({
  type,
  target,
  source,
  readOnly: false,
  propagation: "",
  options: [],
});
const prepare = (
  mounts: ContainerMount[],
  rest: { WorkingDir?: string; Tmpfs?: Record<string, string>; Privileged?: boolean } = {},
): ReturnType<typeof prepareRootfs> => {
  const { WorkingDir, ...hostConfig } = rest;
  return prepareRootfs({ rootfs, config: { WorkingDir }, hostConfig, mounts });
};
const inRoot = (path: string): string => join(rootfs, path);

describe("a root before its start", () => {
  it("gets the places that runtimes use, whatever stood there", () => {
    for (const name of ["dev", "proc", "etc"]) symlinkSync(join(base, "host"), inRoot(name));
    writeFileSync(inRoot("sys"), "a file");
    prepare([]);
    for (const path of ["dev/pts", "dev/shm", "dev/mqueue", "proc", "sys/fs/cgroup", "etc"])
      expect(lstatSync(inRoot(path)).isDirectory()).toBe(true);
    for (const path of ["dev/console", "etc/resolv.conf", "etc/hosts", "etc/hostname", ".dockerenv"])
      expect(lstatSync(inRoot(path)).isFile()).toBe(true);
    expect(readdirSync(join(base, "host"))).toEqual([]);
  });

  it("is refused when a folder stands where a file has to be", () => {
    mkdirSync(inRoot("etc/hosts"), { recursive: true });
    expect(() => prepare([])).toThrow("/etc/hosts of the image is in the way");
  });

  it("can be prepared again", () => {
    const mounts = [mount("/data"), mount("/etc/app.conf", join(base, "file"))];
    prepare(mounts, { WorkingDir: "/srv" });
    expect(prepare(mounts, { WorkingDir: "/srv" }).mounts.map(({ target }) => target)).toEqual(["/data", "/etc/app.conf"]);
  });
});

describe("mount targets", () => {
  it("are made, as what is mounted there, and named without links", () => {
    symlinkSync("/run", inRoot("var-run"));
    symlinkSync("../../..//etc/gone", inRoot("dangling"));
    const { mounts } = prepare([mount("/var-run/a"), mount("/dangling/b/file", join(base, "file")), mount("/vol", "/x", "volume")]);
    expect(mounts.map(({ target }) => target).toSorted()).toEqual(["/etc/gone/b/file", "/run/a", "/vol"]);
    expect(statSync(inRoot("run/a")).isDirectory()).toBe(true);
    expect(statSync(inRoot("etc/gone/b/file")).isFile()).toBe(true);
  });

  it("are left to the runtime inside another mount and inside the kernel's folders", () => {
    const { mounts } = prepare([mount("/a/b"), mount("/a"), mount("/dev/snd"), mount("/dev/shm")]);
    expect(mounts.map(({ target }) => target)).toEqual(["/a", "/a/b", "/dev/snd", "/dev/shm"]);
    expect(existsSync(inRoot("a/b"))).toBe(false);
    expect(existsSync(inRoot("dev/snd"))).toBe(false);
  });

  it.each(["/p", "/p/sys/kernel", "/d", "/s", "/s/fs/cgroup/x", "/c"])(
    "are refused where a link leads to the kernel's folders: %s",
    (target) => {
      symlinkSync("proc", inRoot("p"));
      symlinkSync("/dev", inRoot("d"));
      symlinkSync("/sys/", inRoot("s"));
      symlinkSync("sys/fs/cgroup", inRoot("c"));
      expect(() => prepare([mount(target, join(base, "host"), "volume")])).toThrow(/the mount point is inside|only the host's own/);
      expect(() => prepare([], { Tmpfs: { [target]: "" } })).toThrow(/the mount point is inside|only the host's own/);
      expect(() => prepare([mount(target)], { Privileged: true })).not.toThrow();
    },
  );

  it("are refused below a file", () => {
    writeFileSync(inRoot("file"), "");
    expect(() => prepare([mount("/file/x")])).toThrow("cannot mount volume over existing file, file exists /file/x");
    expect(() => prepare([mount("/file")])).toThrow("cannot mount volume over existing file, file exists /file");
  });

  it("give a tmpfs the mode that runc will take from them", () => {
    mkdirSync(inRoot("there"), { mode: 0o750 });
    const { tmpfs } = prepare([], { Tmpfs: { "/t/": "", "/m": "mode=700", "/there": "mode=700" } });
    expect(tmpfs).toEqual({ "/t": "", "/m": "mode=700", "/there": "mode=700" });
    expect(["t", "m", "there"].map((name) => (statSync(inRoot(name)).mode & 0o7777).toString(8))).toEqual(["1777", "700", "750"]);
  });
});

describe("the working folder", () => {
  it.each([
    ["/srv/app", "/srv/app"],
    ["/a/../b", "/b"],
    ["/link/x", "/run/x"],
  ])("%s is made", (path, made) => {
    symlinkSync("/run", inRoot("link"));
    mkdirSync(inRoot("a"));
    prepare([], { WorkingDir: path });
    expect(statSync(inRoot(made)).isDirectory()).toBe(true);
  });

  it.each(["/proc/self/fd/7", "/dev/x", "/data/sub"])("%s is not", (path) => {
    prepare([mount("/data")], { WorkingDir: path });
    expect(existsSync(inRoot(path))).toBe(false);
  });

  it("cannot be a file", () => {
    writeFileSync(inRoot("file"), "");
    expect(() => prepare([], { WorkingDir: "/file" })).toThrow("Cannot mkdir: /file is not a directory");
  });
});
