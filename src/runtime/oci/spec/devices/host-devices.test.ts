import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lookUpDevices } from "./host-devices.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dhow-devices-"));
  symlinkSync("/dev/full", join(folder, "link"));
  writeFileSync(join(folder, "file"), "");
  mkdirSync(join(folder, "empty"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("looking devices up", () => {
  it("finds the numbers, through a link too", async () => {
    const { nodes } = await lookUpDevices({
      Devices: [
        { PathOnHost: "/dev/null", PathInContainer: "", CgroupPermissions: "" },
        { PathOnHost: join(folder, "link"), PathInContainer: "/dev/mine", CgroupPermissions: "r" },
      ],
    });
    expect(nodes).toEqual([
      { path: "/dev/null", source: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 0o666, uid: 0, gid: 0, access: "rwm" },
      { path: "/dev/mine", source: "/dev/full", type: "c", major: 1, minor: 7, fileMode: 0o666, uid: 0, gid: 0, access: "r" },
    ]);
  });

  it.each([
    ["none", "no such file or directory"],
    ["file", "not a device node"],
    ["empty", "not a device node"],
  ])("refuses %s", async (name, reason) => {
    const path = join(folder, name);
    await expect(lookUpDevices({ Devices: [{ PathOnHost: path }] })).rejects.toThrow(
      `error gathering device information while adding custom device "${path}": ${reason}`,
    );
  });

  it("gives a privileged container what the host has, but what the runtime makes itself", async () => {
    const paths = (await lookUpDevices({ Privileged: true })).nodes.map(({ path }) => path);
    expect(paths).not.toContain("/dev/null");
    expect(paths.some((path) => path.startsWith("/dev/pts/"))).toBe(false);
    expect(paths).toContain("/dev/kmsg");
    expect(new Set(paths).size).toBe(paths.length);
  });

  it("finds the disks of limits", async () => {
    const { disks } = await lookUpDevices({ BlkioDeviceReadBps: [{ Path: "/dev/null", Rate: 1 }] });
    expect(disks["/dev/null"]).toEqual({ major: 1, minor: 3 });
    await expect(lookUpDevices({ BlkioWeightDevice: [{ Path: "/dev/none", Weight: 10 }] })).rejects.toThrow(
      "stat /dev/none: no such file or directory",
    );
  });
});
