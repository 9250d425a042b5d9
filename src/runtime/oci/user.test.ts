import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resolveIn, resolveUser } from "./user.ts";

const records = (text: string): string[][] => text.split("\n").map((line) => line.split(":"));
const passwd = records(
  "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:100:Web:/srv/web:/bin/sh\n4294967296:x:0:0::/:/bin/sh\nbig:x:4294967296:0::/:\n0x0:x:0:0::/:\n 5:x:0:0::/:",
);
const group = records("root:x:0:\nusers:x:100:\nwheel:x:10:root,web\ndocker:x:999:web\nover:x:4294967295:web\nwebbing:x:77:webby");

describe("which user a text is", () => {
  it.each([
    ["", [0, 0, [0], "/root"]],
    ["root", [0, 0, [0, 10], "/root"]],
    ["0", [0, 0, [0, 10], "/root"]],
    ["web", [1000, 100, [100, 10, 999], "/srv/web"]],
    ["1000", [1000, 100, [100, 10, 999], "/srv/web"]],
    ["1000:1000", [1000, 1000, [1000], "/srv/web"]],
    ["web:users", [1000, 100, [100], "/srv/web"]],
    ["1", [1, 0, [0], "/"]],
    ["2147483647", [2147483647, 0, [0], "/"]],
    [":users", [0, 100, [100], "/root"]],
  ] as const)("%j", (spec, [uid, gid, additionalGids, home]) => {
    const expected = spec === "" ? [0, 10] : additionalGids;
    expect(resolveIn(passwd, group, spec, [])).toEqual({ uid, gid, additionalGids: expected, home });
  });

  it.each([
    ["4294967296", "uids and gids must be in range 0-2147483647"],
    ["4294967295", "uids and gids must be in range 0-2147483647"],
    ["2147483648:0", "uids and gids must be in range 0-2147483647"],
    ["-1", "uids and gids must be in range 0-2147483647"],
    ["99999999999999999999999", "uids and gids must be in range 0-2147483647"],
    ["0x0", "unable to find user 0x0: neither a name nor a plain number"],
    ["00", "unable to find user 00: neither a name nor a plain number"],
    ["-0", "unable to find user -0: neither a name nor a plain number"],
    ["1e3", "unable to find user 1e3: neither a name nor a plain number"],
    ["1000 ", "unable to find user 1000 : neither a name nor a plain number"],
    [" 5", "unable to find user  5: neither a name nor a plain number"],
    ["big", "unable to find user big: no matching entries in passwd file"],
    ["foo", "unable to find user foo: no matching entries in passwd file"],
    ["web:foo", "unable to find group foo: no matching entries in group file"],
    ["web:over", "unable to find group over: no matching entries in group file"],
    ["web:-1", "uids and gids must be in range 0-2147483647"],
    ["web\0", "unable to find user web\0: neither a name nor a plain number"],
  ])("%j is refused", (spec, message) => {
    expect(() => resolveIn(passwd, group, spec, [])).toThrow(message);
  });

  it("adds the groups that were asked for, by name and number, once each", () => {
    expect(resolveIn(passwd, group, "1000:1000", ["docker", "5", "999"]).additionalGids).toEqual([1000, 999, 5]);
    expect(() => resolveIn(passwd, group, "0", ["nope"])).toThrow("unable to find group nope: no matching entries in group file");
  });
});

describe("P02: hostile files in the root", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "dhow-user-"));
    mkdirSync(join(root, "etc"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it("reads what is there, also through a link that stays inside", () => {
    mkdirSync(join(root, "nix"));
    writeFileSync(join(root, "nix/passwd"), "app:x:7:8::/app:/bin/sh\n");
    symlinkSync("/nix/passwd", join(root, "etc/passwd"));
    expect(resolveUser(root, "app")).toEqual({ uid: 7, gid: 8, additionalGids: [8], home: "/app" });
  });

  it("never follows a link to the host", () => {
    const outside = mkdtempSync(join(tmpdir(), "dhow-outside-"));
    writeFileSync(join(outside, "passwd"), "evil:x:0:0::/:\n");
    symlinkSync(join(outside, "passwd"), join(root, "etc/passwd"));
    symlinkSync("/proc/self/environ", join(root, "etc/group"));
    expect(() => resolveUser(root, "evil")).toThrow("no matching entries in passwd file");
    rmSync(outside, { recursive: true });
  });

  it("does not wait for a FIFO", () => {
    execFileSync("mkfifo", [join(root, "etc/passwd"), join(root, "etc/group")]);
    expect(resolveUser(root, "0")).toEqual({ uid: 0, gid: 0, additionalGids: [0], home: "/" });
    expect(() => resolveUser(root, "app")).toThrow("unable to find user app: no matching entries in passwd file");
  });

  it("refuses a file that is too large, without reading it", () => {
    writeFileSync(join(root, "etc/group"), "g:x:1:");
    truncateSync(join(root, "etc/group"), 80 * 1024 * 1024);
    expect(() => resolveUser(root, "0")).toThrow("/etc/group of the container is larger than 1048576 bytes");
  });

  it("walks a large file in little memory", () => {
    writeFileSync(join(root, "etc/group"), "a\n".repeat(512 * 1024));
    // Of this thread alone: other test files have theirs in the same process.
    const used = (): number => process.memoryUsage().heapUsed + process.memoryUsage().external;
    const before = used();
    expect(resolveUser(root, "0").additionalGids).toEqual([0]);
    expect(used() - before).toBeLessThan(50 * 1024 * 1024);
  });
});
