import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Instance } from "#spec/instance.ts";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";

/** Everything of an instance that outlives a call: `<kind> <name>`, one line for each thing. Equal inventories: nothing came, nothing was lost. */
export function inventoryOf(instance: Instance): string[] {
  return [
    ...kernelObjects(instance),
    ...files(instance).map((path) => `file ${path}`),
    ...rows(instance).map((row) => `row ${row}`),
  ].toSorted();
}

/** What lives outside the roots' file systems. */
function kernelObjects(instance: Instance): string[] {
  return [
    ...[instance.dataRoot, instance.execRoot].flatMap(mountPointsBelow).map((path) => `mount ${path}`),
    ...links(instance).map((name) => `link ${name}`),
    ...tableOf(instance).map((line) => `nft ${line}`),
    ...foreignRules(instance).map((rule) => `nft rule ${rule}`),
    ...cgroups(instance).map((path) => `cgroup ${path}`),
    ...processes(instance).map((line) => `process ${line}`),
    ...namespaces(instance).map((path) => `netns ${path}`),
  ];
}

/** Bridges, veth ends, ifb devices: all carry the instance's prefix, or are its default bridge. */
function links(instance: Instance): string[] {
  return readdirSync("/sys/class/net").filter((name) => name === instance.bridge || name.startsWith(instance.vethPrefix));
}

function nft(...parameters: string[]): string {
  return execFileSync("nft", parameters, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}

/** The instance's table, rule by rule and element by element; nothing when there is none. */
function tableOf({ nftTable }: Instance): string[] {
  const families = nft("list", "tables")
    .split("\n")
    .flatMap((line) => {
      const [, family = "", name] = line.split(" ");
      return name === nftTable ? [family] : [];
    });
  return families.flatMap((family) => [
    `table ${family} ${nftTable}`,
    ...nft("list", "table", family, nftTable)
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && line !== "}"),
  ]);
}

/** Rules of ours in other people's tables carry the instance's name as their comment. */
function foreignRules(instance: Instance): string[] {
  return nft("list", "ruleset")
    .split("\n")
    .filter((line) => line.includes(`comment "instance ${instance.name}"`))
    .map((line) => line.trim());
}

/** The instance's group and all below it, in every hierarchy: v1 controllers, the unified tree, or both. */
function cgroups(instance: Instance): string[] {
  const root = "/sys/fs/cgroup";
  const hierarchies = [root, ...subfolders(root)];
  return hierarchies.flatMap((hierarchy) => {
    const own = join(hierarchy, instance.cgroupParent);
    return existsSync(own) ? [own, ...foldersBelow(own)] : [];
  });
}

function foldersBelow(folder: string): string[] {
  return subfolders(folder).flatMap((path) => [path, ...foldersBelow(path)]);
}

function subfolders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name));
  } catch {
    return []; // It went while we looked.
  }
}

/** By their command line, by their group, and by what they have open or stand in; the daemon itself is none of them. */
function processes(instance: Instance): string[] {
  const roots = [instance.dataRoot, instance.execRoot];
  const names = (text: string): boolean => roots.some((root) => text.includes(root));
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => {
      const line = textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
      if (line.includes("--data-root")) return [];
      const inGroup = textOf(`/proc/${pid}/cgroup`).includes(`${instance.cgroupParent}/`);
      return inGroup || names(line) || names(linkOf(`/proc/${pid}/cwd`)) || openFiles(pid).some(names) ? [`${pid} ${line}`] : [];
    });
}

function openFiles(pid: string): string[] {
  const folder = `/proc/${pid}/fd`;
  // Ours hold a daemon's log for a moment.
  return textOf(`/proc/${pid}/status`).includes(`PPid:\t${process.pid}\n`) ? [] : namesIn(folder).map((fd) => linkOf(join(folder, fd)));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // It ended while we looked.
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function namespaces(instance: Instance): string[] {
  const folder = join(instance.execRoot, "netns");
  return namesIn(folder).map((name) => join(folder, name));
}

/** Folders of which every entry stands for one thing, below the data root and below the exec root. */
const REGISTERS = ["containers", "volumes", "content/ingest", "content/blobs/sha256", "tmp"];
const DRIVER_REGISTERS = ["layers", "inits", "writables", "staging"];
const RUN_REGISTERS = ["bundles", "exits", "pids", "monitors", "tty", "shm", "netns", "runtimes/crun", "runtimes/runc"];

function files({ dataRoot, execRoot }: Instance): string[] {
  const drivers = namesIn(join(dataRoot, "snapshots")).flatMap((driver) => DRIVER_REGISTERS.map((name) => `snapshots/${driver}/${name}`));
  return [
    ...[...REGISTERS, ...drivers].flatMap((name) => entriesOf(dataRoot, name)),
    ...RUN_REGISTERS.flatMap((name) => entriesOf(execRoot, name)),
    ...unfinished(dataRoot),
  ];
}

function entriesOf(root: string, register: string): string[] {
  return namesIn(join(root, register)).map((name) => `${basename(root)}/${register}/${name}`);
}

/** Of an atomic write that a kill came into the middle of. */
function unfinished(root: string): string[] {
  return namesIn(root)
    .filter((name) => /\.(?:tmp|new|partial)|~$/.test(name))
    .map((name) => join(basename(root), name));
}

/** Of these a row stands for a thing; the rest is history. */
const HISTORY = new Set(["event", "sqlite_sequence"]);

/** Every row of the engine's database by its first column. A copy is read: opening the file would end what a kill has left in its log. */
function rows({ dataRoot }: Instance): string[] {
  const path = join(dataRoot, "dhow.db");
  if (!existsSync(path)) return [];
  const folder = mkdtempSync(join(tmpdir(), "rows-"));
  try {
    for (const suffix of ["", "-wal"]) if (existsSync(path + suffix)) copyFileSync(path + suffix, join(folder, `copy${suffix}`));
    using database = new DatabaseSync(join(folder, "copy"));
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[];
    return tables
      .filter(({ name }) => !HISTORY.has(name))
      .flatMap(({ name }) =>
        database
          .prepare(`SELECT * FROM "${name}"`)
          .all()
          .map((row) => `${name} ${String(Object.values(row)[0])}`),
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
