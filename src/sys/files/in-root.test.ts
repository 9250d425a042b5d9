import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RootFolder } from "./in-root.ts";

let base: string;
let canary: string;
let root: RootFolder;
const inRoot = (path: string): string => join(base, "root", path);

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "dhow-in-root-"));
  canary = join(base, "canary");
  mkdirSync(canary);
  writeFileSync(join(canary, "secret"), "host");
  mkdirSync(inRoot("etc"), { recursive: true });
  root = new RootFolder(inRoot(""));
});

afterEach(() => {
  root[Symbol.dispose]();
  const touched = readdirSync(canary).join() !== "secret";
  rmSync(base, { recursive: true, force: true });
  if (touched) throw new Error("the host's folder was written to");
});

describe("reading inside a root", () => {
  it.each([
    ["an absolute link", () => canary],
    ["a link of dots", () => `${"../".repeat(30)}${canary}`],
  ])("%s leads to a place inside", (_, target) => {
    symlinkSync(target(), inRoot("out"));
    expect(root.readFile("/out/secret", 100)).toBeUndefined();
    expect(root.stat("/out")).toBeUndefined();
    expect(root.lstat("/out")?.isSymbolicLink()).toBe(true);
    mkdirSync(inRoot(canary), { recursive: true });
    writeFileSync(inRoot(`${canary}/secret`), "inside");
    expect(root.readFile("/out/secret", 100)?.toString()).toBe("inside");
    expect(root.realpath("/out/secret")).toBe(`${canary}/secret`);
  });

  it("does not leave by dots", () => {
    expect(root.realpath("../../etc/../..")).toBe("/");
  });

  it("takes no file that is too large, special, missing or named with a NUL", () => {
    writeFileSync(inRoot("big"), "12345");
    execFileSync("mkfifo", [inRoot("pipe")]);
    expect(() => root.readFile("/big", 4)).toThrow(RangeError);
    expect(root.readFile("/big", 5)?.length).toBe(5);
    expect(root.readFile("/pipe", 5)).toBeUndefined();
    expect(root.readFile("/etc", 5)).toBeUndefined();
    expect(root.readFile("/none/of/this", 5)).toBeUndefined();
    expect(() => root.readFile("/big\0x", 5)).toThrow("EINVAL");
  });

  it("refuses magic links", () => {
    symlinkSync("/proc/self/root", inRoot("magic"));
    expect(root.realpath("/magic")).toBeUndefined();
  });

  it("reports what is no question of names", () => {
    expect(() => new RootFolder(join(base, "none"))).toThrow("openat2");
  });
});

describe("making folders and files inside a root", () => {
  it("follows links, and makes what a link misses", () => {
    symlinkSync(canary, inRoot("data"));
    expect(root.makeFolders("/data/a/b")).toBe(`${canary}/a/b`);
    expect(root.makeFile("/data/a/f")).toBe(`${canary}/a/f`);
    expect(lstatSync(inRoot(`${canary}/a/f`)).isFile()).toBe(true);
    expect(root.makeFolders("/")).toBe("/");
  });

  it("keeps what is there", () => {
    writeFileSync(inRoot("etc/f"), "kept");
    expect(root.makeFile("/etc/f")).toBe("/etc/f");
    expect(readFileSync(inRoot("etc/f"), "utf8")).toBe("kept");
    expect(() => root.makeFolders("/etc/f")).toThrow("ENOTDIR");
    expect(() => root.makeFolders("/etc/f/g")).toThrow("ENOTDIR");
  });

  it("gives up on links in a circle", () => {
    symlinkSync("self", inRoot("self"));
    expect(() => root.makeFolders("/self/x")).toThrow("ELOOP");
  });
});

describe("forcing a place", () => {
  it("takes away links and files that stand in the way", () => {
    symlinkSync(canary, inRoot("dev"));
    writeFileSync(inRoot("proc"), "a file");
    root.forceFolder("/dev/pts");
    root.forceFolder("/proc");
    expect(lstatSync(inRoot("dev")).isDirectory()).toBe(true);
    expect(lstatSync(inRoot("dev/pts")).isDirectory()).toBe(true);
    expect(lstatSync(inRoot("proc")).isDirectory()).toBe(true);
  });

  it("puts an empty file where a link or a special file was, and keeps a real one", () => {
    symlinkSync(join(canary, "secret"), inRoot("etc/hosts"));
    writeFileSync(inRoot("etc/hostname"), "kept");
    chmodSync(inRoot("etc/hostname"), 0o600);
    root.forceFile("/etc/hosts");
    root.forceFile("/etc/hostname");
    root.forceFile("/run/new");
    expect(lstatSync(inRoot("etc/hosts")).isFile()).toBe(true);
    expect(readFileSync(inRoot("etc/hostname"), "utf8")).toBe("kept");
    expect(existsSync(inRoot("run/new"))).toBe(true);
    mkdirSync(inRoot("etc/resolv.conf"));
    expect(() => root.forceFile("/etc/resolv.conf")).toThrow("EISDIR");
  });
});

it("gives its descriptors back", () => {
  const open = (): number => readdirSync("/proc/self/fd").filter((fd) => isUnder(fd)).length;
  const before = open();
  for (let round = 0; round < 50; round++) {
    using again = new RootFolder(inRoot(""));
    again.makeFolders("/a/b/c");
    again.stat("/a/b/none");
    again.realpath("/a");
  }
  expect(open()).toBe(before);
});

function isUnder(fd: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith(base);
  } catch {
    return false;
  }
}
