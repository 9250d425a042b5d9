import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Instance } from "#spec/instance.ts";

/** What an engine may leave on a host when it has gone wrong: one line for each thing, nothing when all is clean. */
export function residueOf(instance: Instance): string[] {
  return [
    ...mountsBelow([instance.dataRoot, instance.execRoot]).map((path) => `mount ${path}`),
    ...links(instance).map((name) => `link ${name}`),
    ...nftTables()
      .filter((table) => table.split(" ").at(-1) === instance.nftTable)
      .map((table) => `nft table ${table}`),
    ...foreignRules(instance).map((rule) => `nft rule ${rule}`),
    ...cgroups(instance).map((path) => `cgroup ${path}`),
    ...processes(instance).map((line) => `process ${line}`),
    ...namespaces(instance).map((path) => `netns ${path}`),
    ...leftovers(instance).map((path) => `file ${path}`),
  ];
}

function mountsBelow(roots: readonly string[]): string[] {
  const points = readFileSync("/proc/self/mountinfo", "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "");
  return points.filter((point) => roots.some((root) => point === root || point.startsWith(`${root}/`)));
}

function links(instance: Instance): string[] {
  return readdirSync("/sys/class/net").filter((name) => name === instance.bridge || name.startsWith(instance.vethPrefix));
}

const nft = (...parameters: string[]): string => execFileSync("nft", parameters, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

function nftTables(): string[] {
  return nft("list", "tables").trim().split("\n").filter(Boolean);
}

/** Rules of ours in other people's tables carry the instance's name as their comment. */
function foreignRules(instance: Instance): string[] {
  return nft("list", "ruleset")
    .split("\n")
    .filter((line) => line.includes(`comment "${instance.name}`))
    .map((line) => line.trim());
}

/** Below every hierarchy: v1 controllers, the unified tree, or both. */
function cgroups(instance: Instance): string[] {
  const root = "/sys/fs/cgroup";
  const hierarchies = [
    root,
    ...readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(root, entry.name)),
  ];
  return hierarchies.map((hierarchy) => join(hierarchy, instance.cgroupParent)).filter((path) => existsSync(path));
}

function processes(instance: Instance): string[] {
  const own = String(process.pid);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== own)
    .flatMap((pid) => {
      const line = commandLine(pid);
      return line.includes(instance.dataRoot) || line.includes(instance.execRoot) ? [`${pid} ${line}`] : [];
    });
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return ""; // It ended while we looked.
  }
}

function namespaces(instance: Instance): string[] {
  const folder = join(instance.execRoot, "netns");
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

/** Temporary files outside the roots, and inside them where only a half-done operation leaves any. */
function leftovers(instance: Instance): string[] {
  const outside = readdirSync(tmpdir())
    .filter(
      (name) =>
        name.includes(instance.name) && ![instance.dataRoot, instance.execRoot].some((root) => root.startsWith(join(tmpdir(), name))),
    )
    .map((name) => join(tmpdir(), name));
  const temporary = join(instance.dataRoot, "tmp");
  return [...outside, ...(existsSync(temporary) ? readdirSync(temporary).map((name) => join(temporary, name)) : [])];
}
