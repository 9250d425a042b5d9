import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Instance } from "#spec/instance.ts";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";
import type { TestDaemon } from "./daemon.ts";
import { eventually } from "./eventually.ts";
import { expect } from "vitest";

let boots = 0;

/**
 * What a restart of the host does to a daemon that was running: every process of it is gone at once, and everything under /run with
 * its mounts, and the kernel has another boot id. (Bridges and rules stay; the daemon makes them anew, or finds them.)
 */
export async function reboot(daemon: TestDaemon, { keepExecRoot = false } = {}): Promise<void> {
  const { instance } = daemon;
  // A host that goes down within seconds of a pull loses the image, rightly: not what is tried here.
  await eventually(() => expect(unsyncedLayers(instance)).toEqual([]));
  await daemon.kill();
  await eventually(() => {
    for (const pid of pidsOf(instance)) killQuietly(pid);
    expect(pidsOf(instance)).toEqual([]);
  });
  // The deepest first; where a root is a file system of the test's own, that one stays.
  for (const root of [instance.dataRoot, instance.execRoot])
    for (const point of mountPointsBelow(root).toReversed()) if (point !== root) execFileSync("umount", ["-l", point]);
  for (const group of cgroupsOf(instance))
    execFileSync("find", [group, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"], { stdio: "ignore" });
  if (!keepExecRoot) rmSync(instance.execRoot, { recursive: true, force: true });
  process.env["DHOW_TEST_BOOT_ID"] = `boot-${(boots += 1)}`;
}

/** Marks of layers that are still on their way to the disk (store/snapshots/layer-sync.ts). */
function unsyncedLayers({ dataRoot }: Instance): string[] {
  return readdirSync(join(dataRoot, "snapshots"), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.startsWith("unsynced."))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Of containers by their cgroups, and of monitors by their command lines. */
function pidsOf(instance: Instance): number[] {
  const inGroups = cgroupsOf(instance).flatMap((group) =>
    execFileSync("find", [group, "-name", "cgroup.procs"], { encoding: "utf8" })
      .trim()
      .split("\n")
      .flatMap((file) => (file === "" ? [] : readQuietly(file).trim().split("\n"))),
  );
  const byLine = readdirSync("/proc").filter(
    (name) => /^\d+$/.test(name) && name !== String(process.pid) && readQuietly(`/proc/${name}/cmdline`).includes(instance.execRoot),
  );
  return [...new Set([...inGroups, ...byLine])].filter((pid) => pid !== "" && !isZombie(pid)).map(Number);
}

function isZombie(pid: string): boolean {
  return /\) [ZX] /.test(readQuietly(`/proc/${pid}/stat`)) || !existsSync(`/proc/${pid}`);
}

function cgroupsOf({ cgroupParent }: Instance): string[] {
  const root = "/sys/fs/cgroup";
  const trees = [root, ...readdirSync(root).map((name) => join(root, name))];
  return trees.map((tree) => join(tree, cgroupParent)).filter((path) => existsSync(path));
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has gone meanwhile.
  }
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
