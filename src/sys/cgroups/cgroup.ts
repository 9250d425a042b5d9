import { mkdirSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import {
  type CgroupHost,
  cgroupRoot,
  devicesDenyFile,
  foldersOf,
  type FreezerFiles,
  freezerFiles,
  memberFolder,
  oomFile,
  parseCgroupHost,
  parseOomKills,
  serviceFolders,
} from "./cgroup-paths.ts";
import { checked, libc } from "../ffi.ts";

/** What is done to control groups. Files of cgroupfs are written by the thread pool: a write may wait for other processors. */

const mount = libc("int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)");
const MS_NOSUID_NODEV_NOEXEC = 0x0e;

export function readCgroupHost(): CgroupHost {
  return parseCgroupHost(readFileSync("/proc/self/mountinfo", "utf8"));
}

/** How many processes the kernel has killed for memory in a group; 0 when the group is gone. */
export async function countOomKills(host: CgroupHost, path: string): Promise<number> {
  const file = oomFile(host, path);
  return file === undefined ? 0 : parseOomKills(await textOrNothing(file));
}

/** Host pids of every process in the group and those below it. */
export async function membersOf(host: CgroupHost, path: string): Promise<number[]> {
  const folders = await withChildren(memberFolder(host, path));
  const lists = await Promise.all(folders.map((folder) => textOrNothing(`${folder}/cgroup.procs`)));
  return lists.flatMap((text) =>
    text
      .split("\n")
      .filter((line) => line !== "")
      .map(Number),
  );
}

const FREEZE_TRIES = 200;
const BETWEEN_TRIES_MS = 5;

/**
 * Stops every process of the group, and returns when they stand still. The kernel takes a moment for one that is in the middle of a
 * call, and v1 has two weaknesses: it tells of no end, so that it has to be asked again, and a process that was forking can be missed
 * for good, so that it has to be told again, now and then after a thaw.
 *
 * @throws errors of node:fs when the group is gone; Error when the processes do not come to rest in a second.
 */
export async function freeze(host: CgroupHost, path: string): Promise<void> {
  const files = requireFreezer(host, path);
  for (let attempt = 1; attempt <= FREEZE_TRIES; attempt++) {
    await writeFile(files.control, files.freeze);
    if (files.frozen.test(await readFile(files.state, "utf8"))) return;
    if (attempt % 4 === 0) await writeFile(files.control, files.thaw);
    await delay(BETWEEN_TRIES_MS);
  }
  await writeFile(files.control, files.thaw);
  throw new Error(`the processes in ${path} did not freeze`);
}

export async function thaw(host: CgroupHost, path: string): Promise<void> {
  const files = requireFreezer(host, path);
  await writeFile(files.control, files.thaw);
}

export async function isFrozen(host: CgroupHost, path: string): Promise<boolean> {
  const files = freezerFiles(host, path);
  return files !== undefined && files.frozen.test(await textOrNothing(files.state));
}

function requireFreezer(host: CgroupHost, path: string): FreezerFiles {
  const files = freezerFiles(host, path);
  if (files === undefined) throw new Error("this host has no freezer cgroup");
  return files;
}

/**
 * Takes devices from a group, by lines such as `c 10:200 rwm`; only a rule of the very same numbers is taken away. Does nothing where
 * the controller is not a v1 tree.
 *
 * @throws errors of node:fs, also when the group is not there.
 */
export async function denyDevices(host: CgroupHost, path: string, lines: readonly string[]): Promise<void> {
  const file = devicesDenyFile(host, path);
  if (file === undefined) return;
  // The kernel reads one rule of each write.
  for (const line of lines) await writeFile(file, line);
}

/** Puts a process into a group of the trees that a service manager kills by. Made when missing. */
export async function moveToService(host: CgroupHost, path: string, pid: number): Promise<void> {
  for (const folder of serviceFolders(host, path)) {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    await writeFile(`${folder}/cgroup.procs`, String(pid));
  }
}

/**
 * Removes a group and those below it from every tree. Missing is no error.
 *
 * @throws errors of node:fs, `EBUSY` while a process is in it.
 */
export async function removeCgroup(host: CgroupHost, path: string): Promise<void> {
  await Promise.all(foldersOf(host, path).map((folder) => removeTree(folder)));
}

/** Removes a group where nothing is in it, neither process nor group. */
export async function removeEmptyCgroup(host: CgroupHost, path: string): Promise<void> {
  await Promise.all(foldersOf(host, path).map((folder) => rmdir(folder).catch(() => {})));
}

async function removeTree(folder: string): Promise<void> {
  // The common group has no children: one call. The kernel removes no group that has.
  if (await removed(folder)) return;
  for (const child of (await withChildren(folder)).toReversed()) {
    try {
      await rmdir(child);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
  }
}

async function removed(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return true;
    return false;
  }
}

/** The folder and all below it, parents first. */
async function withChildren(folder: string): Promise<string[]> {
  const all = [folder];
  for (const parent of all) {
    const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) if (entry.isDirectory()) all.push(`${parent}/${entry.name}`);
  }
  return all;
}

async function textOrNothing(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/**
 * crun (1.8) refuses a hybrid host whose v2 tree still has controllers. Mounting each as a v1 tree takes it out of there, which is
 * what Debian's `cgroupfs-mount` does for all of them. Nothing is done on other layouts, or when there is nothing to do.
 *
 * @returns the controllers that were mounted.
 */
export function ensureCgroupMounts(host: CgroupHost): string[] {
  if (host.layout !== "hybrid" || host.unified === undefined) return [];
  const left = readFileSync(`${host.unified}/cgroup.controllers`, "utf8").split(/\s+/).filter(Boolean);
  for (const controller of left) {
    const target = `${cgroupRoot}/${controller}`;
    mkdirSync(target, { recursive: true });
    checked("mount", mount("cgroup", target, "cgroup", MS_NOSUID_NODEV_NOEXEC, controller), target);
  }
  return left;
}
