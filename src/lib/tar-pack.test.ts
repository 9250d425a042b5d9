import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { packTar } from "./tar-pack.ts";

const list = (archive: Buffer): string[] =>
  execFileSync("tar", ["--numeric-owner", "-tvf", "-"], { input: archive, encoding: "utf8", env: { TZ: "UTC", PATH: "/usr/bin:/bin" } })
    .trim()
    .split("\n");

describe("packTar, read back by GNU tar", () => {
  it("writes files, folders, links and devices with owners and modes", () => {
    const rows = list(
      packTar([
        { name: "etc/", type: "directory", mode: 0o755 },
        { name: "etc/motd", type: "file", mode: 0o4644, uid: 7, gid: 9, data: Buffer.from("hello\n") },
        { name: "bin/sh", type: "symlink", mode: 0o777, linkname: "busybox" },
        { name: "etc/motd2", type: "link", mode: 0o644, linkname: "etc/motd" },
        { name: "dev/null", type: "character", mode: 0o666, major: 1, minor: 3 },
      ]),
    );
    expect(rows).toEqual([
      "drwxr-xr-x 0/0               0 1970-01-01 00:00 etc/",
      "-rwSr--r-- 7/9               6 1970-01-01 00:00 etc/motd",
      "lrwxrwxrwx 0/0               0 1970-01-01 00:00 bin/sh -> busybox",
      "hrw-r--r-- 0/0               0 1970-01-01 00:00 etc/motd2 link to etc/motd",
      "crw-rw-rw- 0/0             1,3 1970-01-01 00:00 dev/null",
    ]);
  });

  it("keeps names that do not fit the ustar fields", () => {
    const long = `${"d".repeat(90)}/${"é".repeat(60)}`;
    const rows = list(packTar([{ name: long, type: "symlink", mode: 0o777, linkname: long }]));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toContain("d".repeat(90));
    expect(rows[0]?.endsWith(`-> ${rows[0].split(" -> ")[1]}`)).toBe(true);
  });
});
