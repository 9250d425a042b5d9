import type { Dirent } from "node:fs";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import type { RequestedDevices } from "../../cdi/look-up.ts";
import type { CdiDeviceNode } from "../../cdi/spec-file.ts";
import type { HostDevice, HostDevices } from "../../spec-input.ts";

/** Made by every runtime, or mounted over. */
const RUNTIMES_OWN = new Set("null zero full random urandom tty console ptmx pts shm mqueue".split(" "));
const MOST_NODES = 4096;

/**
 * Finds what a container asks for of the host's devices: `Devices`, everything below /dev for a privileged one, what CDI specifications
 * say of `DeviceRequests`, and the disks of blkio limits. The paths are the host's, chosen by the client and by who set the host up.
 *
 * @param cdiFolders where CDI specifications are; those of a later folder win.
 * @throws EngineError `invalid` with Docker's text for a path that is no device, and a CDI device that nothing specifies.
 */
export async function lookUpDevices(hostConfig: HostConfig, cdiFolders: readonly string[] = []): Promise<HostDevices> {
  const nodes = hostConfig.Privileged === true ? await everyDevice() : await askedDevices(hostConfig);
  const requested = await requestedByCdi(hostConfig, cdiFolders);
  const specified = await specifiedDevices(requested?.nodes ?? []);
  return {
    nodes: withoutTwins([...nodes, ...specified]).slice(0, MOST_NODES),
    disks: await disksOf(hostConfig),
    injection: requested?.injection,
  };
}

/** Few containers have such devices: what finds them is loaded for those. */
async function requestedByCdi({ DeviceRequests = [] }: HostConfig, cdiFolders: readonly string[]): Promise<RequestedDevices | undefined> {
  if (DeviceRequests.length === 0) return undefined;
  const { requestedDevices } = await import("../../cdi/look-up.ts");
  return await requestedDevices(DeviceRequests, cdiFolders);
}

/** The node of the host gives what the specification leaves out. */
async function specifiedDevices(nodes: readonly CdiDeviceNode[]): Promise<HostDevice[]> {
  const found: HostDevice[] = [];
  for (const { path, hostPath, permissions, fileMode, uid, gid } of nodes) {
    const source = await realpath(hostPath).catch((cause: unknown) => {
      throw notADevice(hostPath, "no such file or directory", cause);
    });
    const [device] = await deviceOf(source, path, permissions);
    if (device === undefined) throw notADevice(hostPath, "not a device node");
    found.push({ ...device, fileMode: fileMode ?? device.fileMode, uid, gid });
  }
  return found;
}

/** The last of those that would stand at one path: a specification's, over what a privileged container has anyway. */
function withoutTwins(nodes: readonly HostDevice[]): HostDevice[] {
  return [...new Map(nodes.map((node) => [node.path, node])).values()];
}

async function askedDevices(hostConfig: HostConfig): Promise<HostDevice[]> {
  const found: HostDevice[] = [];
  for (const { PathOnHost = "", PathInContainer = "", CgroupPermissions = "" } of hostConfig.Devices ?? []) {
    const target = posix.resolve("/", PathInContainer === "" ? PathOnHost : PathInContainer);
    const nodes = await devicesAt(PathOnHost, target, CgroupPermissions === "" ? "rwm" : CgroupPermissions);
    if (nodes.length === 0) throw notADevice(PathOnHost, "not a device node");
    found.push(...nodes);
  }
  return found;
}

/** A device, or all those below a folder (`--device /dev/snd`). */
async function devicesAt(path: string, target: string, access: string): Promise<HostDevice[]> {
  let real: string;
  try {
    real = await realpath(path);
  } catch (cause) {
    throw notADevice(path, "no such file or directory", cause);
  }
  const device = await deviceOf(real, target, access);
  return device.length === 0 ? devicesBelow(real, target, access) : device;
}

/** Links are left out: what they lead to is found under its own name. */
async function devicesBelow(folder: string, target: string, access: string): Promise<HostDevice[]> {
  const found: HostDevice[] = [];
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    const inContainer = posix.join(target, entry.name);
    if (entry.isDirectory()) found.push(...(await devicesBelow(path, inContainer, access)));
    if (entry.isCharacterDevice() || entry.isBlockDevice()) found.push(...(await deviceOf(path, inContainer, access)));
    if (found.length > MOST_NODES) break;
  }
  return found;
}

async function everyDevice(): Promise<HostDevice[]> {
  const found = await devicesBelow("/dev", "/dev", "rwm");
  return found.filter(({ path }) => !RUNTIMES_OWN.has(path.split("/")[2] ?? ""));
}

/** None for what is no device, or is gone by now. */
async function deviceOf(path: string, target: string, access: string): Promise<HostDevice[]> {
  const stats = await lstat(path, { bigint: true }).catch(() => undefined);
  if (stats === undefined || !(stats.isCharacterDevice() || stats.isBlockDevice())) return [];
  const type = stats.isBlockDevice() ? "b" : "c";
  const owner = { fileMode: Number(stats.mode & 0o7777n), uid: Number(stats.uid), gid: Number(stats.gid) };
  return [{ path: target, source: path, type, ...numbersOf(stats.rdev), ...owner, access }];
}

async function disksOf(hostConfig: HostConfig): Promise<HostDevices["disks"]> {
  const {
    BlkioWeightDevice = [],
    BlkioDeviceReadBps = [],
    BlkioDeviceWriteBps = [],
    BlkioDeviceReadIOps = [],
    BlkioDeviceWriteIOps = [],
  } = hostConfig;
  const disks: Record<string, { major: number; minor: number }> = Object.create(null) as Record<string, { major: number; minor: number }>;
  for (const { Path = "" } of [
    ...BlkioWeightDevice,
    ...BlkioDeviceReadBps,
    ...BlkioDeviceWriteBps,
    ...BlkioDeviceReadIOps,
    ...BlkioDeviceWriteIOps,
  ]) {
    try {
      disks[Path] = numbersOf((await stat(Path, { bigint: true })).rdev);
    } catch (cause) {
      throw new EngineError(
        "invalid",
        `stat ${Path}: ${messageOf(cause).startsWith("ENOENT") ? "no such file or directory" : messageOf(cause)}`,
        { cause },
      );
    }
  }
  return disks;
}

/** As glibc's gnu_dev_major and gnu_dev_minor. */
function numbersOf(device: bigint): { major: number; minor: number } {
  return {
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn)),
    minor: Number((device & 0xffn) | ((device >> 12n) & ~0xffn)),
  };
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function notADevice(path: string, reason: string, cause?: unknown): EngineError {
  return new EngineError("invalid", `error gathering device information while adding custom device ${JSON.stringify(path)}: ${reason}`, {
    cause,
  });
}
