import { describe, expect, it } from "vitest";
import type { Mount } from "#spec/docker-api/types.ts";
import { mountRequest } from "./mount-request.ts";

const wrong = (type: string, reason: string): string => `invalid mount config for type "${type}": ${reason}`;

describe("--mount", () => {
  it.each<[Mount, object]>([
    [
      {
        Type: "bind",
        Source: "/s/",
        Target: "/t/",
        ReadOnly: true,
        BindOptions: { Propagation: "rslave", ReadOnlyNonRecursive: true, CreateMountpoint: true },
      },
      { source: "/s", target: "/t", readOnly: true, propagation: "rslave", options: ["rbind", "ro"], createSource: true, mode: "" },
    ],
    [
      { Type: "bind", Source: "/s", Target: "/t", BindOptions: { NonRecursive: true } },
      { options: ["bind"], createSource: false, propagation: "rprivate" },
    ],
    [
      { Type: "volume", Target: "/t" },
      { name: undefined, copyUp: true },
    ],
    [
      { Type: "volume", Source: "v1", Target: "/t", VolumeOptions: { NoCopy: true, Labels: { a: "b" }, DriverConfig: { Name: "local" } } },
      { name: "v1", copyUp: false, labels: { a: "b" }, driver: "local", driverOptions: {} },
    ],
    [
      { Type: "tmpfs", Target: "/t", ReadOnly: true, TmpfsOptions: { SizeBytes: 1024, Mode: 0o700, Options: [["exec"]] } },
      { options: ["ro", "mode=700", "size=1024", "exec"] },
    ],
  ])("%j", (mount, expected) => {
    expect(mountRequest(mount)).toMatchObject({ type: mount.Type, ...expected });
  });

  it.each<[Mount, string]>([
    [{ Type: "bind", Source: "/s" }, wrong("bind", "field Target must not be empty")],
    [{ Type: "bind", Source: "/s", Target: "/x/.." }, wrong("bind", "invalid specification: destination can't be '/'")],
    [{ Type: "bind", Source: "/s", Target: "x" }, wrong("bind", "invalid mount path: 'x' mount path must be absolute")],
    [{ Type: "bind", Target: "/t" }, wrong("bind", "field Source must not be empty")],
    [{ Type: "bind", Source: "s", Target: "/t" }, wrong("bind", "invalid mount path: 's' mount path must be absolute")],
    [{ Type: "bind", Source: "/s", Target: "/t", VolumeOptions: {} }, wrong("bind", "field VolumeOptions must not be specified")],
    [
      { Type: "bind", Source: "/s", Target: "/t", BindOptions: { Propagation: "x" as "private" } },
      wrong("bind", "invalid propagation mode: x"),
    ],
    [
      { Type: "bind", Source: "/s", Target: "/t", BindOptions: { ReadOnlyNonRecursive: true, ReadOnlyForceRecursive: true } },
      "mount options conflict",
    ],
    [{ Type: "volume", Target: "/t", ReadOnly: true }, wrong("volume", "must not set ReadOnly mode when using anonymous volumes")],
    [{ Type: "volume", Target: "/t", BindOptions: {} }, wrong("volume", "field BindOptions must not be specified")],
    [{ Type: "volume", Target: "/t", VolumeOptions: { Subpath: "a" } }, "must not set Subpath when using anonymous volumes"],
    ...["/a", "..", "../a", "a/../../b", "a\0b", "x/".repeat(3000)].flatMap((Subpath): [Mount, string][] => [
      [{ Type: "volume", Source: "v1", Target: "/t", VolumeOptions: { Subpath } }, "subpath must be a relative path within the volume"],
      [{ Type: "image", Source: "v1", Target: "/t", ImageOptions: { Subpath } }, "subpath must be a relative path within the image"],
    ]),
    [{ Type: "tmpfs", Source: "x", Target: "/t" }, wrong("tmpfs", "field Source must not be specified")],
    [{ Type: "tmpfs", Target: "/t", TmpfsOptions: { Options: [["suid"]] } }, wrong("tmpfs", "invalid option: suid")],
    [{ Type: "tmpfs", Target: "/t", TmpfsOptions: { Options: [["exec", "1"]] } }, wrong("tmpfs", "invalid option array length")],
    [{ Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: -1 } }, "can not be less than 0"],
    [{ Type: "image", Target: "/t" }, wrong("image", "field Source must not be empty")],
    [{ Type: "image", Source: "x", Target: "/t", BindOptions: {} }, wrong("image", "field BindOptions must not be specified")],
    [{ Type: "cluster", Source: "x", Target: "/t" }, wrong("cluster", "this type of mount is not supported")],
    [{ Type: "floppy" as "bind", Target: "/t" }, wrong("floppy", "mount type unknown")],
    [{ Target: "/t" }, wrong("", "mount type unknown")],
    [{ Type: "volume", Target: `/${"t".repeat(5000)}` }, "it holds a NUL or is too long"],
  ])("%.120j", (mount, message) => {
    expect(() => mountRequest(mount)).toThrow(message);
  });
});
