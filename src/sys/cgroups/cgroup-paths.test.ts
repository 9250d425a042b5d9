import { describe, expect, it } from "vitest";
import {
  type CgroupHost,
  devicesDenyFile,
  foldersOf,
  freezerFiles,
  memberFolder,
  oomFile,
  parseCgroupHost,
  parseOomKills,
  serviceFolders,
} from "./cgroup-paths.ts";

const V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate";
const V1 = [
  "30 23 0:25 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755",
  "31 30 0:26 / /sys/fs/cgroup/systemd rw,nosuid shared:9 - cgroup cgroup rw,xattr,name=systemd",
  "32 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:10 - cgroup cgroup rw,cpu,cpuacct",
  "33 30 0:28 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory",
  "34 30 0:29 / /sys/fs/cgroup/freezer rw,nosuid - cgroup cgroup rw,freezer",
  "35 30 0:30 / /sys/fs/cgroup/pids rw,nosuid - cgroup cgroup rw,pids,release_agent=/x",
].join("\n");
const HYBRID = `${V1}\n40 30 0:40 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw`;

const hosts = { v1: parseCgroupHost(V1), v2: parseCgroupHost(V2), hybrid: parseCgroupHost(HYBRID) };

describe("the trees of a host", () => {
  it.each(["v1", "v2", "hybrid"] as const)("are those of %s", (layout) => {
    expect(hosts[layout].layout).toBe(layout);
  });

  it("hold several controllers in one where they are mounted together", () => {
    expect(hosts.v1.trees).toEqual({
      "name=systemd": "/sys/fs/cgroup/systemd",
      cpu: "/sys/fs/cgroup/cpu,cpuacct",
      cpuacct: "/sys/fs/cgroup/cpu,cpuacct",
      memory: "/sys/fs/cgroup/memory",
      freezer: "/sys/fs/cgroup/freezer",
      pids: "/sys/fs/cgroup/pids",
    });
    expect(foldersOf(hosts.v1, "/x/1")).toHaveLength(5);
  });

  it("count a second mount of the same tree once", () => {
    const twice = parseCgroupHost(`${V2}\n99 23 0:26 / /mnt/cgroup rw - cgroup2 cgroup2 rw`);
    expect(foldersOf(twice, "/x")).toEqual(["/sys/fs/cgroup/x"]);
  });
});

const files = (host: CgroupHost) => ({
  member: memberFolder(host, "/x/1"),
  service: serviceFolders(host, "/x/m"),
  oom: oomFile(host, "/x/1"),
  freezer: freezerFiles(host, "/x/1")?.control,
  freeze: freezerFiles(host, "/x/1")?.freeze,
});

describe("files that are read and written", () => {
  it.each([
    [
      "v1",
      {
        member: "/sys/fs/cgroup/pids/x/1",
        service: ["/sys/fs/cgroup/systemd/x/m"],
        oom: "/sys/fs/cgroup/memory/x/1/memory.oom_control",
        freezer: "/sys/fs/cgroup/freezer/x/1/freezer.state",
        freeze: "FROZEN",
      },
    ],
    [
      "hybrid",
      {
        member: "/sys/fs/cgroup/pids/x/1",
        service: ["/sys/fs/cgroup/unified/x/m", "/sys/fs/cgroup/systemd/x/m"],
        oom: "/sys/fs/cgroup/memory/x/1/memory.oom_control",
        freezer: "/sys/fs/cgroup/freezer/x/1/freezer.state",
        freeze: "FROZEN",
      },
    ],
    [
      "v2",
      {
        member: "/sys/fs/cgroup/x/1",
        service: ["/sys/fs/cgroup/x/m"],
        oom: "/sys/fs/cgroup/x/1/memory.events",
        freezer: "/sys/fs/cgroup/x/1/cgroup.freeze",
        freeze: "1",
      },
    ],
  ] as const)("are those of %s", (layout, expected) => {
    expect(files(hosts[layout])).toEqual(expected);
  });

  it("are of the v2 tree where a hybrid host keeps the controller there", () => {
    const withoutMemory = parseCgroupHost(
      HYBRID.split("\n")
        .filter((line) => !line.includes("memory"))
        .join("\n"),
    );
    expect(oomFile(withoutMemory, "/x/1")).toBe("/sys/fs/cgroup/unified/x/1/memory.events");
  });

  it("take devices away in a v1 tree alone", () => {
    const devices = "36 30 0:31 / /sys/fs/cgroup/devices rw,nosuid - cgroup cgroup rw,devices";
    for (const mounts of [V1, HYBRID]) {
      expect(devicesDenyFile(parseCgroupHost(`${mounts}\n${devices}`), "/x/1")).toBe("/sys/fs/cgroup/devices/x/1/devices.deny");
      expect(devicesDenyFile(parseCgroupHost(mounts), "/x/1")).toBeUndefined();
    }
    expect(devicesDenyFile(hosts.v2, "/x/1")).toBeUndefined();
  });

  it("are not there where no tree has the controller", () => {
    const bare = parseCgroupHost(V1.split("\n").slice(0, 2).join("\n"));
    expect(oomFile(bare, "/x")).toBeUndefined();
    expect(freezerFiles(bare, "/x")).toBeUndefined();
  });
});

it.each([
  ["oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", 3],
  ["low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n", 1],
  ["", 0],
])("counts kills in %j", (text, count) => {
  expect(parseOomKills(text)).toBe(count);
});

it.each([
  ["v2", "populated 1\nfrozen 1\n", true],
  ["v2", "populated 1\nfrozen 0\n", false],
  ["v1", "FROZEN\n", true],
  ["v1", "FREEZING\n", false],
  ["v1", "THAWED\n", false],
] as const)("knows on %s from %j whether all stand still: %s", (layout, text, frozen) => {
  expect(freezerFiles(hosts[layout], "/x")?.frozen.test(text)).toBe(frozen);
});
