// oxlint-disable typescript/no-floating-promises -- what node:test gives back is for nobody to wait for
/**
 * What an engine does on a host that has control groups of version 2 alone, and AppArmor: as most do, and the machines of this project do
 * not. Runs inside the machine that run.sh boots: `node --test inside.ts`.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { after, before, describe, it } from "node:test";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { ApiError, Engine } from "../../src/index.ts";
import { BUSYBOX, busyboxArchive } from "../support/images.ts";

const MB = 1024 * 1024;
const RUNTIMES = ["crun", "runc"];
const PROFILE = "dhow-default";

let engine: Engine;
before(async () => {
  engine = await Engine.start({ timeout: 300_000, onLog: (line) => console.log(`# ${line}`) });
  for await (const _ of await engine.client.images.load(Readable.from([busyboxArchive()]))) continue;
});
after(() => engine.stop());

/** What a shell in a container writes; what it complains of is part of it. */
async function said(script: string, hostConfig: HostConfig = {}): Promise<string> {
  const HostConfig = { NetworkMode: "none", ...hostConfig };
  const { stdout, stderr } = await engine.client.containers.run({ Image: BUSYBOX, Cmd: ["sh", "-c", script], HostConfig });
  return (stdout + stderr).trim();
}

/** A container that runs meanwhile. */
async function running(script: string, hostConfig: HostConfig, use: (id: string) => Promise<void>): Promise<void> {
  const { containers } = engine.client;
  const HostConfig = { NetworkMode: "none", ...hostConfig };
  const { Id } = await containers.create({ Image: BUSYBOX, Cmd: ["sh", "-c", script], HostConfig });
  try {
    await containers.start(Id);
    await use(Id);
  } finally {
    await containers.remove(Id, { force: true });
  }
}

const group = (...files: string[]): string => `cd /sys/fs/cgroup; ${files.map((file) => `cat ${file}`).join("; ")}`;

it("the engine knows where it is", async () => {
  const info = await engine.client.system.info();
  assert.equal(info.CgroupVersion, "2");
  assert.deepEqual(info.SecurityOptions, ["name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns"]);
});

describe("control groups of version 2", () => {
  for (const Runtime of RUNTIMES) {
    it(`${Runtime}: limits are what was asked for`, async () => {
      const limits = { Memory: 64 * MB, MemorySwap: 96 * MB, MemoryReservation: 32 * MB, NanoCpus: 5e8, PidsLimit: 50, CpusetCpus: "0" };
      const files = group("memory.max", "memory.swap.max", "memory.low", "cpu.max", "pids.max", "cpuset.cpus");
      assert.equal(await said(files, { Runtime, ...limits }), [64 * MB, 32 * MB, 32 * MB, "50000 100000", 50, 0].join("\n"));
    });

    it(`${Runtime}: a container sees its own group alone, and cannot change it`, async () => {
      assert.equal(await said("cat /proc/self/cgroup", { Runtime }), "0::/");
      assert.match(await said("mkdir /sys/fs/cgroup/x", { Runtime }), /Read-only file system/);
      assert.equal(await said("mkdir /sys/fs/cgroup/x && echo made", { Runtime, SecurityOpt: ["writable-cgroups=true"] }), "made");
    });

    it(`${Runtime}: a device is let through when it was asked for`, async () => {
      const device = { PathOnHost: "/dev/vda", PathInContainer: "/dev/vda", CgroupPermissions: "r" };
      const read = "head -c 1 /dev/vda >/dev/null && echo read";
      assert.equal(await said(read, { Runtime, Devices: [device] }), "read");
      assert.match(await said(`mknod /tmp/vda b 254 0; head -c 1 /tmp/vda`, { Runtime }), /Operation not permitted/);
    });
  }

  it("a change of limits takes effect at once", async () => {
    await running("sleep 1000", { Memory: 64 * MB }, async (id) => {
      await engine.client.containers.update(id, { Memory: 32 * MB, MemorySwap: 32 * MB, PidsLimit: 20 });
      const { stdout } = await engine.client.exec.run(id, { Cmd: ["sh", "-c", group("memory.max", "pids.max")] });
      assert.equal(stdout, `${32 * MB}\n20\n`);
    });
  });

  it("a container that is killed for memory says so, and so does an event", async () => {
    const events = await engine.client.system.events({ filters: { event: ["oom"] } });
    const { containers } = engine.client;
    const Cmd = ["sh", "-c", "head -c 100m /dev/zero | tail"];
    const { Id } = await containers.create({ Image: BUSYBOX, Cmd, HostConfig: { Memory: 16 * MB, NetworkMode: "none" } });
    await containers.start(Id);
    assert.equal((await containers.wait(Id)).StatusCode, 137);
    assert.equal((await containers.inspect(Id)).State.OOMKilled, true);
    assert.equal((await events.next()).value.Actor.ID, Id);
    await containers.remove(Id);
  });

  it("what it uses is counted, and it stands still when it is paused", async () => {
    await running("while :; do :; done", {}, async (id) => {
      const used = async (): Promise<number> => (await engine.client.containers.sample(id)).cpu_stats?.cpu_usage?.total_usage ?? 0;
      const first = await used();
      while ((await used()) <= first) continue;
      assert.ok(((await engine.client.containers.sample(id)).memory_stats?.usage ?? 0) > 0);
      await engine.client.containers.pause(id);
      const paused = await used();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      assert.equal(await used(), paused);
      await engine.client.containers.unpause(id);
    });
  });
});

describe("AppArmor", () => {
  const label = "cat /proc/self/attr/current";
  const mountThere = "mount -t tmpfs x /tmp && echo mounted";

  for (const Runtime of RUNTIMES) {
    it(`${Runtime}: a container is confined, whatever its capabilities`, async () => {
      assert.equal(await said(label, { Runtime }), `${PROFILE} (enforce)`);
      assert.match(await said(mountThere, { Runtime, CapAdd: ["SYS_ADMIN"] }), /Permission denied/);
    });

    it(`${Runtime}: but not when it says so, or is privileged`, async () => {
      assert.equal(await said(mountThere, { Runtime, CapAdd: ["SYS_ADMIN"], SecurityOpt: ["apparmor=unconfined"] }), "mounted");
      assert.equal(await said(`${label}; ${mountThere}`, { Runtime, Privileged: true }), "unconfined\nmounted");
    });
  }

  it("Docker's name for it holds for privileged ones, too: of /proc and /sys only what is a container's own is written", async () => {
    const writes = ["kernel/core_pattern", "vm/swappiness", "net/ipv4/ip_forward"].map((name) => `echo 1 > /proc/sys/${name}`);
    const own = "echo 100000 > /proc/sys/kernel/shmmax && echo 5 > /proc/self/oom_score_adj && mkdir /sys/fs/cgroup/x && echo own";
    const options = { Privileged: true, SecurityOpt: ["apparmor=docker-default"] };
    assert.equal((await said(writes.join("; "), options)).match(/Permission denied/g)?.length, writes.length);
    assert.equal(await said(own, options), "own");
  });

  it("signals and a second process reach a confined container, and inspect names the profile", async () => {
    await running("trap 'exit 7' TERM; while :; do sleep 0.1; done", {}, async (id) => {
      const { containers, exec } = engine.client;
      assert.equal(
        (await exec.run(id, { Cmd: ["sh", "-c", `${label}; kill -0 1 && echo reached`] })).stdout,
        `${PROFILE} (enforce)\nreached\n`,
      );
      assert.equal((await containers.inspect(id)).AppArmorProfile, PROFILE);
      await containers.stop(id, { timeout: 60 });
      assert.equal((await containers.inspect(id)).State.ExitCode, 7);
    });
  });

  it("a profile that is not loaded is refused by name", async () => {
    const refused = said("true", { SecurityOpt: ["apparmor=nobody"] });
    await assert.rejects(
      refused,
      (error) => error instanceof ApiError && error.status === 400 && /no such profile is loaded/.test(error.message),
    );
  });
});

describe("project quotas", () => {
  for (const [type, make] of [
    ["ext4", ["mkfs.ext4", "-q", "-O", "quota,project"]],
    ["xfs", ["mkfs.xfs", "-q"]],
  ] as const) {
    it(`${type}: a writable layer and a volume are as large as they may be, and nobody else is touched`, async () => {
      const [disk, dataRoot] = [`/root/${type}.img`, `/mnt/${type}`];
      for (const [program = "", ...parameters] of [
        ["truncate", "-s", "400M", disk],
        [...make, disk],
        ["mkdir", "-p", dataRoot],
        ["mount", "-o", "loop,prjquota", disk, dataRoot],
      ])
        execFileSync(program, parameters);
      await using limited = await Engine.start({ dataRoot, timeout: 300_000, onLog: (line) => console.log(`# ${line}`) });
      const { containers, images, volumes } = limited.client;
      for await (const _ of await images.load(Readable.from([busyboxArchive()]))) continue;
      const fill = async (path: string, HostConfig: HostConfig): Promise<string> => {
        const script = `dd if=/dev/zero of=${path} bs=1M count=20 2>&1 | tail -1; stat -c %s ${path}`;
        const Cmd = ["sh", "-c", script];
        return (await containers.run({ Image: BUSYBOX, Cmd, HostConfig: { NetworkMode: "none", ...HostConfig } })).stdout;
      };
      const written = (said: string): number => Number(said.trim().split("\n").at(-1));
      const small = written(await fill("/x", { StorageOpt: { size: "8m" } }));
      assert.ok(small > 6 * MB && small <= 8 * MB, `${small} bytes`);
      assert.equal(written(await fill("/x", {})), 20 * MB);
      await volumes.create({ Name: "small", DriverOpts: { size: "4m" } });
      const inVolume = written(await fill("/v/x", { Binds: ["small:/v"] }));
      assert.ok(inVolume > 3 * MB && inVolume <= 4 * MB, `${inVolume} bytes`);
      await volumes.create({ Name: "large" });
      assert.equal(written(await fill("/v/x", { Binds: ["large:/v"] })), 20 * MB);
    });
  }
});

it("nothing is left when it ends but the profile", async () => {
  await engine.stop();
  assert.deepEqual(globSync("/sys/fs/cgroup/dhow*"), []);
  assert.ok(!existsSync("/run/dhow"));
  assert.match(readFileSync("/sys/kernel/security/apparmor/profiles", "utf8"), /^dhow-default \(enforce\)$/m);
});
