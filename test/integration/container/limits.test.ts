import { existsSync, readFileSync, rmdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { planLimits } from "#runtime/oci/limits/plan.ts";
import type { HostFacts, SpecInput } from "#runtime/oci/spec-input.ts";
import { lookUpDevices } from "#runtime/oci/spec/devices/host-devices.ts";
import { containerResources } from "#runtime/oci/spec/resources.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { readCgroupHost } from "#sys/cgroups/cgroup.ts";
import { readHostFacts } from "#sys/host/host-facts.ts";
import { useDaemon } from "../../support/daemon.ts";
import { DockerCli } from "../../support/docker-cli.ts";
import { eventually } from "../../support/eventually.ts";
import { BUSYBOX, busyboxArchive } from "../../support/images.ts";

/**
 * Every limit, read from inside real containers in the files that the golden texts of runtime/oci/limits name: as it was created, as
 * it was updated, after a restart, and under a new daemon.
 */
const daemon = useDaemon({ images: [busyboxArchive] });
const docker = new DockerCli(daemon);
const MB = 1024 * 1024;

const groups = readCgroupHost();
const facts = readHostFacts();
const isV1 = groups.trees["memory"] !== undefined;
/** A whole disk: partitions are not limited by themselves. */
const disk = readFileSync("/proc/partitions", "utf8").match(/ (vda|sda|nvme0n1|xvda)$/m)?.[1];
const DISK = { Path: `/dev/${disk}` };

/** Texts by file, as the container sees it. */
async function expected(hostConfig: HostConfig): Promise<[string, string][]> {
  const host = { ...facts, runtime: "crun" } satisfies HostFacts;
  const { devices: _, ...limits } = containerResources({
    config: {},
    hostConfig,
    host,
    devices: await lookUpDevices(hostConfig),
  } as unknown as SpecInput);
  return planLimits(limits, groups, "/@", { read: () => "" }).map(({ file, text }) => [file.replace("/@", ""), text]);
}

async function create(name: string, hostConfig: HostConfig, runtime = ""): Promise<string[]> {
  const body = { Image: BUSYBOX, Cmd: ["sleep", "1000"], HostConfig: { NetworkMode: "none", Runtime: runtime, ...hostConfig } };
  const { status, json } = await daemon.api("POST", `/containers/create?name=${name}`, body);
  if (status !== 201) throw new Error(json.message);
  return json.Warnings;
}

async function start(name: string): Promise<void> {
  const { status, text } = await daemon.api("POST", `/containers/${name}/start`);
  expect([status, text]).toEqual([204, ""]);
}

const update = (name: string, change: HostConfig) => daemon.api("POST", `/containers/${name}/update`, change);
const remove = (name: string) => daemon.api("DELETE", `/containers/${name}?force=1`);
const hostConfigOf = async (name: string): Promise<HostConfig> => (await daemon.api("GET", `/containers/${name}/json`)).json.HostConfig;

const NO_LIMIT = "9223372036854771712";

async function expectInside(name: string, hostConfig: HostConfig): Promise<void> {
  const wanted = await expected(hostConfig);
  expect(wanted.length).toBeGreaterThan(0);
  const script = wanted.map(([file]) => `echo "=$(cat ${file})"`).join("; ");
  const found = (await docker.ok("exec", name, "sh", "-c", script)).split(/^=/m).slice(1);
  for (const [index, [file, text]] of wanted.entries()) {
    const lines = (found[index] ?? "").trim().split("\n");
    // The switch of the OOM killer is one line of several; a limit of -1 is shown as a very large one.
    const shown = file.endsWith("memory.oom_control")
      ? `oom_kill_disable ${text}`
      : file.includes("memsw") && text === "-1"
        ? NO_LIMIT
        : text;
    expect(lines, `${file} of ${JSON.stringify(hostConfig)}`).toContain(shown);
  }
}

type Case = readonly [title: string, hostConfig: HostConfig];
const rate = (megabytes: number) => [{ ...DISK, Rate: megabytes * MB }];
const reads: HostConfig = disk === undefined ? {} : { BlkioDeviceReadBps: rate(1), BlkioDeviceReadIOps: [{ ...DISK, Rate: 100 }] };
const writes: HostConfig = disk === undefined ? {} : { BlkioDeviceWriteBps: rate(2), BlkioDeviceWriteIOps: [{ ...DISK, Rate: 200 }] };
const hasRealtime = isV1 && !facts.missingLimits.includes("cpuRealtime");
const swapping: HostConfig = {
  Memory: 64 * MB,
  MemorySwap: 96 * MB,
  MemoryReservation: 32 * MB,
  ...(isV1 ? { MemorySwappiness: 7 } : {}),
};
const sharing: HostConfig = { NanoCpus: 0.5e9, CpuShares: 512, CpusetCpus: "0", CpusetMems: "0", PidsLimit: 20 };
const unswapped: HostConfig = {
  Memory: 64 * MB,
  MemorySwap: 64 * MB,
  ...(isV1 ? { OomKillDisable: true } : {}),
  ...(facts.blkioWeight ? { BlkioWeight: 300 } : {}),
};
/** Few containers, and every limit in one of them. */
const cases: readonly Case[] = [
  ["memory alone", { Memory: 64 * MB }],
  ["memory and swap, cpus, shares, cpuset, pids, reads", { ...swapping, ...sharing, ...reads }],
  ["no swap, no OOM killer, period and quota, writes, weight", { ...unswapped, CpuPeriod: 50_000, CpuQuota: 25_000, ...writes }],
  ...(hasRealtime ? [["real time", { CpuRealtimePeriod: 1_000_000, CpuRealtimeRuntime: 20_000 }] as const] : []),
];

describe.each(["crun", "runc"])("made by %s", (runtime) => {
  test.each(cases)("%s", async (_, hostConfig) => {
    expect(await create("made", hostConfig, runtime)).toEqual([]);
    try {
      await start("made");
      await expectInside("made", hostConfig);
    } finally {
      await remove("made");
    }
  });
});

type Change = readonly [title: string, before: HostConfig, change: HostConfig];
const changes: readonly Change[] = [
  ["more memory and swap", { Memory: 64 * MB }, { Memory: 256 * MB, MemorySwap: 512 * MB }],
  ["more memory with any swap", { Memory: 64 * MB }, { Memory: 256 * MB, MemorySwap: -1 }],
  ["less memory and swap", { Memory: 256 * MB }, { Memory: 64 * MB, MemorySwap: 80 * MB }],
  ["memory where there was no limit", {}, { Memory: 64 * MB, MemorySwap: 64 * MB, MemoryReservation: 32 * MB }],
  ["cpus", { NanoCpus: 1e9 }, { NanoCpus: 0.25e9 }],
  ["quota", {}, { CpuPeriod: 20_000, CpuQuota: 10_000 }],
  ["no quota", { CpuPeriod: 20_000, CpuQuota: 10_000 }, { CpuQuota: -1 }],
  ["shares and cpuset", {}, { CpuShares: 100, CpusetCpus: "0", CpusetMems: "0" }],
  ["pids", { PidsLimit: 50 }, { PidsLimit: 20 }],
  ["swappiness and OOM killer", { Memory: 64 * MB }, isV1 ? { MemorySwappiness: 0, OomKillDisable: true } : { MemoryReservation: 32 * MB }],
  ["rates", reads, disk === undefined ? { CpuShares: 7 } : { BlkioDeviceReadBps: rate(5), BlkioDeviceWriteBps: rate(3) }],
];

describe("an update", () => {
  test.each(changes)("of a running container: %s", async (_, before, change) => {
    await create("runs", before);
    try {
      await start("runs");
      const answer = await update("runs", change);
      expect([answer.status, answer.json]).toEqual([200, { Warnings: [] }]);
      await expectInside("runs", { ...before, ...change });
      expect(await hostConfigOf("runs")).toMatchObject(change);
    } finally {
      await remove("runs");
    }
  });

  test("stays over a restart of the container and of the daemon, also of one that was stopped", async () => {
    const changed: HostConfig = { Memory: 100 * MB, MemorySwap: 200 * MB, CpuShares: 300, CpusetCpus: "0", PidsLimit: 30 };
    await create("on", { Memory: 64 * MB, RestartPolicy: { Name: "no" } });
    await create("off", { PidsLimit: 5 });
    await start("on");
    for (const name of ["on", "off"]) expect((await update(name, changed)).status).toBe(200);
    await daemon.kill();
    await daemon.start();
    await expectInside("on", changed);
    expect(await hostConfigOf("on")).toMatchObject(changed);
    await daemon.api("POST", "/containers/on/restart?t=0");
    await expectInside("on", changed);
    await start("off");
    await expectInside("off", changed);
    // Under the new daemon too.
    expect((await update("on", { CpuShares: 400 })).status).toBe(200);
    await expectInside("on", { ...changed, CpuShares: 400 });
    for (const name of ["on", "off"]) await remove(name);
  });

  test("takes limits away", async () => {
    await create("freed", { PidsLimit: 5, ...(isV1 ? { Memory: 64 * MB, OomKillDisable: true } : {}) });
    await start("freed");
    expect((await update("freed", { PidsLimit: -1, OomKillDisable: false })).status).toBe(200);
    expect(await docker.ok("exec", "freed", "cat", `/sys/fs/cgroup/${groups.trees["pids"] === undefined ? "" : "pids/"}pids.max`)).toBe(
      "max",
    );
    if (isV1) expect(await docker.ok("exec", "freed", "cat", "/sys/fs/cgroup/memory/memory.oom_control")).toContain("oom_kill_disable 0");
    await remove("freed");
  });

  test("that the kernel refuses changes nothing at all", async () => {
    await create("full", { Memory: 128 * MB, CpuShares: 100 });
    await start("full");
    await docker.ok("exec", "full", "sh", "-c", "head -c 60000000 /dev/zero >/dev/shm/fill");
    const { status, json } = await update("full", { Memory: 8 * MB, MemorySwap: 8 * MB, CpuShares: 50 });
    expect([status, json.message]).toEqual([
      409,
      expect.stringMatching(/^Cannot update container [0-9a-f]{64}: failed to write "8388608": /),
    ]);
    expect(await hostConfigOf("full")).toMatchObject({ Memory: 128 * MB, MemorySwap: 256 * MB, CpuShares: 100 });
    await expectInside("full", { Memory: 128 * MB, CpuShares: 100 });
    await remove("full");
  });

  test.each<[HostConfig, number, string]>([
    [{ Memory: 4 * MB }, 400, "Minimum memory limit allowed is 6MB"],
    [{ Memory: 256 * MB }, 409, "update the memoryswap at the same time"],
    [{ CpusetCpus: "0-5000" }, 400, "Requested CPUs are not available - requested 0-5000, available: "],
    [{ CpuQuota: 50_000 }, 409, "CPU Quota cannot be updated as NanoCPUs has already been set"],
    [{ Ulimits: [{ Name: "nofile", Soft: 1, Hard: 1 }] }, 409, "Ulimits cannot be changed while the container is running"],
  ])("%j is %d", async (change, code, message) => {
    await create("strict", { Memory: 64 * MB, NanoCpus: 1e9 });
    await start("strict");
    const { status, json } = await update("strict", change);
    expect([status, json.message]).toEqual([code, expect.stringContaining(message)]);
    await remove("strict");
  });

  test("by docker update", async () => {
    await create("cli", { Memory: 64 * MB });
    await start("cli");
    const flags = ["--memory", "96m", "--memory-swap", "128m", "--cpus", "0.5", "--pids-limit", "33", "--restart", "on-failure:2"];
    expect(await docker.ok("update", ...flags, "cli")).toBe("cli");
    await expectInside("cli", { Memory: 96 * MB, MemorySwap: 128 * MB, NanoCpus: 0.5e9, PidsLimit: 33 });
    expect((await hostConfigOf("cli")).RestartPolicy).toEqual({ Name: "on-failure", MaximumRetryCount: 2 });
    await remove("cli");
  });
});

describe("what a limit does", () => {
  const run = (...words: string[]): Promise<string> => docker.ok("run", "--rm", "--network", "none", ...words);

  test("a fifth of a processor is a fifth of a processor", async () => {
    await docker.ok("run", "-d", "--name", "half", "--network", "none", "--cpus", "0.2", BUSYBOX, "sh", "-c", "while :; do :; done");
    // A daemon that had to wait for a processor itself between its looks at the clock and at the counter shows something else.
    await eventually(async () => {
      const { json } = await daemon.api("GET", "/containers/half/stats?stream=0");
      const seconds = (Date.parse(json.read) - Date.parse(json.preread)) / 1000;
      const used = (json.cpu_stats.cpu_usage.total_usage - json.precpu_stats.cpu_usage.total_usage) / 1e9 / seconds;
      expect(used).toBeLessThan(0.5);
    });
    await eventually(async () => {
      const { json: later } = await daemon.api("GET", "/containers/half/stats?stream=0&one-shot=1");
      expect(later.cpu_stats.throttling_data.throttled_periods).toBeGreaterThan(0);
    });
    await remove("half");
  });

  test("one processor is seen as one, and the pids limit ends a fork bomb", async () => {
    expect(await run("--cpuset-cpus", "0", BUSYBOX, "nproc")).toBe("1");
    const bomb = await docker.run([
      "run",
      "--rm",
      "--pids-limit",
      "10",
      BUSYBOX,
      "sh",
      "-c",
      "for i in $(seq 50); do sleep 2 & done; echo done",
    ]);
    expect(bomb.stderr).toContain("can't fork: Resource temporarily unavailable");
  });

  test.skipIf(disk === undefined)("a disk is written no faster than that", async () => {
    const write =
      "cut -f1 -d' ' /proc/uptime; dd if=/dev/zero of=/x/slow bs=256k count=8 oflag=direct 2>/dev/null; cut -f1 -d' ' /proc/uptime";
    const times = await run("--device-write-bps", `${DISK.Path}:1mb`, "-v", `${daemon.folder}/io:/x`, BUSYBOX, "sh", "-c", write);
    const [before = 0, after = 0] = times.split("\n").map(Number);
    expect(after - before).toBeGreaterThan(1.4);
  });

  test.skipIf(!existsSync("/dev/loop-control"))("a device is there and may be opened, with the rights it was given", async () => {
    const script = "exec 3</dev/out && ! (exec 4>/dev/out) 2>/dev/null && echo $?";
    expect(await run("--device", "/dev/loop-control:/dev/out:r", BUSYBOX, "sh", "-c", script)).toBe("0");
    const ram = "mknod /tmp/b b 7 0; head -c 1 /tmp/b 2>&1 | grep -c 'not permitted'";
    expect((await docker.run(["run", "--rm", BUSYBOX, "sh", "-c", ram])).stdout.trim()).toBe("1");
    expect((await docker.run(["run", "--rm", "--device-cgroup-rule", "b 7:0 r", BUSYBOX, "sh", "-c", ram])).stdout.trim()).toBe("0");
  });

  test.skipIf(!facts.hugePageSizes.includes("2MB"))("huge pages, by a label, as many as there may be", async () => {
    const file = groups.trees["hugetlb"] === undefined ? "hugetlb.2MB.max" : "hugetlb/hugetlb.2MB.limit_in_bytes";
    expect(await run("--label", "dhow.hugepages.2MB=4m", BUSYBOX, "cat", `/sys/fs/cgroup/${file}`)).toBe("4194304");
    const { code, stderr } = await docker.run(["run", "--rm", "--label", "dhow.hugepages.16GB=1m", BUSYBOX, "true"]);
    expect([code, stderr]).toEqual([125, expect.stringContaining("huge pages of 16GB cannot be limited on this host: available: ")]);
  });

  test("a group of one's own choice", async () => {
    const parent = `/${daemon.instance.name}/mine`;
    await docker.ok("run", "-d", "--name", "child", "--cgroup-parent", parent, BUSYBOX, "sleep", "1000");
    const pid = await docker.ok("inspect", "-f", "{{.State.Pid}}", "child");
    expect(readFileSync(`/proc/${pid}/cgroup`, "utf8")).toContain(`${parent}/`);
    await remove("child");
    // It was asked for by name, and is its asker's, as with Docker: who may have given it limits.
    const folders = [groups.unified, ...Object.values(groups.trees)].map((root) => `${root ?? ""}${parent}`);
    // The container's own group goes behind the answer.
    await eventually(() => {
      for (const folder of folders) if (existsSync(folder)) rmdirSync(folder);
    });
  });
});

/** What a host without CAP_SYS_RESOURCE can give, and what it says of the rest. */
describe("P08: a restricted host", () => {
  const limited = !facts.capabilities.includes("CAP_SYS_RESOURCE");
  const CAPABILITIES = ["sh", "-c", "grep CapBnd /proc/self/status; cat /proc/self/oom_score_adj"];

  test.each([["--privileged"], ["--cap-add", "ALL"]])("%s %s starts with what there is", async (...flags) => {
    const own = /CapBnd:\s+(\w+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "?";
    expect(await docker.ok("run", "--rm", ...flags, BUSYBOX, ...CAPABILITIES)).toContain(own);
  });

  test.skipIf(!limited).each([
    [["--cap-add", "SYS_RESOURCE"], "capability not supported by your kernel or not available in the current environment"],
    [["--ulimit", "nofile=1000000"], "invalid ulimit nofile: 1000000 is above the daemon's own hard limit of"],
    [["--oom-score-adj", "-500"], "cannot go lower without CAP_SYS_RESOURCE"],
  ])("%j is refused with the reason", async (flags, reason) => {
    const { code, stderr } = await docker.run(["run", "--rm", ...flags, BUSYBOX, "true"]);
    expect([code, stderr]).toEqual([125, expect.stringContaining(reason)]);
  });

  test("a score that makes it the first to go is given", async () => {
    expect(await docker.ok("run", "--rm", "--oom-score-adj", "500", BUSYBOX, ...CAPABILITIES)).toMatch(/\n500$/);
  });
});
