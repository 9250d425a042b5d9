import { describe, expect, it } from "vitest";
import { planMounts } from "./plan-mounts.ts";
import type { PlannedMount, VolumeRequest } from "./planned-mount.ts";

type Asked = { volumes?: string[]; inherited?: PlannedMount[] } & VolumeRequest["hostConfig"];

function targets({ volumes = [], inherited = [], ...hostConfig }: Asked): string[] {
  const config = { Volumes: Object.fromEntries(volumes.map((path) => [path, {}])) };
  return planMounts({ containerId: "c", config, hostConfig, inherited }).map((placement) =>
    placement.kind === "inherited"
      ? `${placement.mount.target} from ${placement.mount.volumeName}`
      : `${placement.request.target} ${placement.request.type} ${"name" in placement.request ? (placement.request.name ?? "own") : ""}`.trim(),
  );
}

const inherited = (target: string): PlannedMount => ({
  type: "volume",
  target,
  source: "/v",
  volumeName: "theirs",
  readOnly: false,
  propagation: "",
  copyUp: false,
  options: [],
  shown: {},
});

describe("what stands where", () => {
  it("goes by precedence, sorted by target", () => {
    expect(
      targets({
        Binds: ["/host:/b", "named:/c"],
        Mounts: [{ Type: "tmpfs", Target: "/a" }],
        inherited: [inherited("/b"), inherited("/d")],
        volumes: ["/a/", "/d", "/e", "/x/../e"],
        Tmpfs: { "/t": "" },
      }),
    ).toEqual(["/a tmpfs", "/b bind", "/c volume named", "/d from theirs", "/e volume own"]);
  });

  it.each<[string, Asked]>([
    ["/data", { Binds: ["a1:/data", "/x:/data/"] }],
    ["/data", { Binds: ["a1:/data"], Mounts: [{ Type: "volume", Target: "/data" }] }],
    ["/data", { Binds: ["a1:/data"], Tmpfs: { "/data/": "" } }],
    [
      "/data",
      {
        Mounts: [
          { Type: "tmpfs", Target: "/data" },
          { Type: "tmpfs", Target: "/x/../data" },
        ],
      },
    ],
  ])("refuses two at %s", (target, asked) => {
    expect(() => targets(asked)).toThrow(`Duplicate mount point: ${target}`);
  });

  it("lets an image's volume yield to a tmpfs", () => {
    expect(targets({ Tmpfs: { "/run": "" }, volumes: ["/run"] })).toEqual([]);
  });

  it.each<[string, Asked]>([
    ["/proc", { Binds: ["vol:/proc"] }],
    ["/proc/sys", { Binds: ["/x:/proc/sys"] }],
    ["/proc/self", { Mounts: [{ Type: "tmpfs", Target: "/proc/./self" }] }],
    ["/sys/fs/cgroup", { Mounts: [{ Type: "bind", Source: "/sys/fs/cgroup", Target: "/sys/fs/cgroup" }] }],
    ["/dev", { Binds: ["vol:/dev"] }],
    ["/dev", { Binds: ["/x:/dev"] }],
    ["/sys", { Binds: ["/x:/sys"] }],
  ])("keeps %s for the kernel, unless privileged: %j", (target, asked) => {
    expect(() => targets(asked)).toThrow(`: ${target}: `);
    expect(targets({ ...asked, Privileged: true })).toHaveLength(1);
  });

  it.each<Asked>([
    { Binds: ["/dev:/dev", "/sys:/sys:ro", "/dev/snd:/dev/snd", "shm:/dev/shm"] },
    { Binds: ["/proc:/host/proc:ro", "/var/lib/lxcfs/proc/meminfo:/proc/meminfo"] },
  ])("shows the host's own: %j", (asked) => {
    expect(targets(asked)).not.toEqual([]);
  });

  it.each(["/", "/dev", "/dev/x", "/proc", "/sys", "/sys/fs/cgroup", "/a/../proc/x"])("refuses an image's volume at %s", (path) => {
    expect(() => targets({ volumes: [path] })).toThrow("invalid volume of the image: nothing can be mounted at");
  });

  it("gives an init system its groups, when privileged", () => {
    expect(targets({ volumes: ["/sys/fs/cgroup"], Privileged: true })).toEqual(["/sys/fs/cgroup volume own"]);
    expect(() => targets({ volumes: ["/dev"], Privileged: true })).toThrow("nothing can be mounted at /dev");
  });

  it("refuses what is no path, and too much of it", () => {
    expect(() => targets({ volumes: ["data"] })).toThrow("invalid volume path: 'data' must be absolute");
    expect(() => targets({ volumes: Array.from({ length: 501 }, (_, index) => `/v${index}`) })).toThrow(
      "too many mounts: 501, the limit is 500",
    );
  });
});
