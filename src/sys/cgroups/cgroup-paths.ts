/**
 * Control groups of a host. There are three layouts: v2 (one tree), v1 (a tree for each controller), and hybrid (v1 trees beside
 * a v2 tree that has few controllers or none). Which file of which tree says what is decided by pure functions; a path such as
 * `/dhow/<id>` names the same group in every tree.
 */
export interface CgroupHost {
  readonly layout: "v1" | "v2" | "hybrid";
  /** Where the v2 tree is mounted. */
  readonly unified: string | undefined;
  /** Where each v1 tree is mounted, by controller; `name=systemd` is one that has none. */
  readonly trees: Readonly<Record<string, string>>;
}

export const cgroupRoot = "/sys/fs/cgroup";

/** Finds the trees. @param mountinfo the text of /proc/self/mountinfo. */
export function parseCgroupHost(mountinfo: string): CgroupHost {
  const trees: Record<string, string> = {};
  let unified: string | undefined;
  for (const line of mountinfo.split("\n")) {
    const [head = "", tail = ""] = line.split(" - ");
    const target = head.split(" ")[4] ?? "";
    const [type, , options = ""] = tail.split(" ");
    if (type === "cgroup2") unified ??= target;
    if (type === "cgroup") for (const name of controllersIn(options)) trees[name] ??= target;
  }
  const layout = unified === undefined ? "v1" : Object.keys(trees).length === 0 ? "v2" : "hybrid";
  return { layout, unified, trees };
}

/** Options of the file system that are no controllers. */
const OTHER_OPTIONS = new Set(["rw", "ro", "none", "xattr", "noprefix", "clone_children", "cpuset_v2_mode", "favordynmods"]);

function controllersIn(options: string): string[] {
  return options.split(",").filter((option) => !OTHER_OPTIONS.has(option) && !option.startsWith("release_agent="));
}

/** The group's folder in every tree, each once. */
export function foldersOf(host: CgroupHost, path: string): string[] {
  const roots = new Set(Object.values(host.trees));
  if (host.unified !== undefined) roots.add(host.unified);
  return [...roots].map((root) => root + path);
}

export interface CgroupTree {
  readonly root: string;
  readonly version: 1 | 2;
}

/** Which tree has a controller: its own, or else the v2 tree. */
export function treeOf(host: CgroupHost, controller: string): CgroupTree | undefined {
  const own = host.trees[controller];
  if (own !== undefined) return { root: own, version: 1 };
  return host.unified === undefined ? undefined : { root: host.unified, version: 2 };
}

/** The folder to look for members in: every tree knows them. */
export function memberFolder(host: CgroupHost, path: string): string {
  return (treeOf(host, "pids")?.root ?? cgroupRoot) + path;
}

/** Where a group that has to survive signals to the daemon's own group is made: the trees that a service manager kills by. */
export function serviceFolders(host: CgroupHost, path: string): string[] {
  const roots = new Set([host.unified, host.trees["name=systemd"]]);
  return [...roots].flatMap((root) => (root === undefined ? [] : [root + path]));
}

/** Which file counts the kernel's kills for memory. */
export function oomFile(host: CgroupHost, path: string): string | undefined {
  const tree = treeOf(host, "memory");
  if (tree === undefined) return undefined;
  return tree.root + path + (tree.version === 2 ? "/memory.events" : "/memory.oom_control");
}

/** Both files have a line `oom_kill <count>` (v1 since Linux 4.13). */
export function parseOomKills(text: string): number {
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? "0");
}

/** Where rules are taken from a group's devices; v2 has programs instead of files. */
export function devicesDenyFile(host: CgroupHost, path: string): string | undefined {
  const tree = treeOf(host, "devices");
  return tree?.version === 1 ? `${tree.root}${path}/devices.deny` : undefined;
}

export interface FreezerFiles {
  readonly control: string;
  readonly freeze: string;
  readonly thaw: string;
  /** Where the state is read, and what it says once every process stands still. */
  readonly state: string;
  readonly frozen: RegExp;
}

export function freezerFiles(host: CgroupHost, path: string): FreezerFiles | undefined {
  const tree = treeOf(host, "freezer");
  if (tree === undefined) return undefined;
  const folder = tree.root + path;
  if (tree.version === 2) {
    const state = `${folder}/cgroup.events`;
    return { control: `${folder}/cgroup.freeze`, freeze: "1", thaw: "0", state, frozen: /^frozen 1$/m };
  }
  const control = `${folder}/freezer.state`;
  return { control, freeze: "FROZEN", thaw: "THAWED", state: control, frozen: /^FROZEN$/m };
}
