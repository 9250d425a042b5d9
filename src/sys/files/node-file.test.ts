import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bytePathOf } from "#lib/byte-path.ts";
import * as node from "./node-file.ts";

let base: string;
const at = (name: string): string => join(base, name);
const bytes = (name: string): string => bytePathOf(at(name));

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "dhow-node-file-"));
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

describe("making a file", () => {
  it("writes all of it", () => {
    const fd = node.createFile(bytes("f"), 0o640);
    node.writeFully(fd, Buffer.from("some "));
    node.writeFully(fd, Buffer.from("text"));
    node.writeFully(fd, Buffer.alloc(0));
    node.closeDescriptor(fd);
    expect(readFileSync(at("f"), "utf8")).toBe("some text");
  });

  it("takes names that are no text", () => {
    node.closeDescriptor(node.createFile(`${bytePathOf(base)}/\xff\xfe`, 0o600));
    expect(lstatSync(Buffer.concat([Buffer.from(`${base}/`), Buffer.from([0xff, 0xfe])])).isFile()).toBe(true);
  });

  it.each([
    ["a file", () => writeFileSync(at("f"), "old")],
    ["a link", () => symlinkSync(at("other"), at("f"))],
    ["a device", () => node.makeSpecial(bytes("f"), "char", 0o666, { major: 1, minor: 3 })],
  ])("does not open %s that is there", (_, place) => {
    place();
    expect(() => node.createFile(bytes("f"), 0o644)).toThrow("EEXIST");
    expect(lstatSync(at("other"), { throwIfNoEntry: false })).toBeUndefined();
  });

  it("names the path in an error", () => {
    expect(() => node.createFile(bytes("none/ő"), 0o644)).toThrow(`open ${at("none/ő")}: ENOENT`);
  });
});

describe("owners, modes and times", () => {
  it("sets them on a file, with special bits and nanoseconds", () => {
    const fd = node.createFile(bytes("f"), 0o600);
    node.setOwnerOf(fd, 2 ** 31 + 5, 2 ** 32 - 2);
    node.setModeOf(fd, 0o6755);
    node.setTimesOf(fd, { seconds: 1_700_000_000, nanoseconds: 123_456_789 });
    node.closeDescriptor(fd);
    const stats = lstatSync(at("f"), { bigint: true });
    expect([stats.uid, stats.gid, stats.mode & 0o7777n]).toEqual([2n ** 31n + 5n, 2n ** 32n - 2n, 0o6755n]);
    expect(stats.mtimeNs).toBe(1_700_000_000_123_456_789n);
  });

  it("does not follow links", () => {
    writeFileSync(at("target"), "");
    symlinkSync(at("target"), at("link"));
    const before = lstatSync(at("target"), { bigint: true });
    node.setOwner(bytes("link"), 7, 8);
    node.setTimes(bytes("link"), { seconds: -1, nanoseconds: 5 });
    expect(lstatSync(at("target"), { bigint: true })).toEqual(before);
    expect(lstatSync(at("link"), { bigint: true }).mtimeNs).toBe(-999_999_995n);
    expect(lstatSync(at("link")).uid).toBe(7);
  });
});

describe("other nodes", () => {
  it("makes and removes folders and links", () => {
    node.makeFolder(bytes("d"), 0o750);
    node.makeSymlink("../somewhere", bytes("d/s"));
    expect(readlinkSync(at("d/s"))).toBe("../somewhere");
    node.removeFile(bytes("d/s"));
    node.removeEmptyFolder(bytes("d"));
    expect(lstatSync(at("d"), { throwIfNoEntry: false })).toBeUndefined();
  });

  it("links a link, not what it leads to", () => {
    mkdirSync(at("d"));
    symlinkSync(at("d"), at("s"));
    node.makeHardLink(bytes("s"), bytes("t"));
    expect(lstatSync(at("t")).isSymbolicLink()).toBe(true);
  });

  it.each([
    ["char", { major: 1, minor: 3 }],
    ["block", { major: 254, minor: 300 }],
    ["char", { major: 4095, minor: 1_048_575 }],
  ] as const)("makes a %s device %o", (type, device) => {
    node.makeSpecial(bytes("n"), type, 0o600, device);
    const stats = lstatSync(at("n"), { bigint: true });
    expect(type === "char" ? stats.isCharacterDevice() : stats.isBlockDevice()).toBe(true);
    expect(stats.rdev).toBe(node.deviceNumber(device.major, device.minor));
  });

  it("makes a FIFO", () => {
    node.makeSpecial(bytes("p"), "fifo", 0o644, { major: 0, minor: 0 });
    expect(lstatSync(at("p")).isFIFO()).toBe(true);
  });
});
