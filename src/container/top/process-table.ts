import { readFile } from "node:fs/promises";

/** One process as /proc tells of it (proc(5)). Times are in clock ticks of 1/100 s, which the kernel fixes for user space. */
export interface HostProcess {
  readonly pid: number;
  readonly comm: string;
  readonly command: string;
  readonly state: string;
  readonly ppid: number;
  readonly pgrp: number;
  readonly session: number;
  readonly ttyNumber: number;
  /** Foreground process group of its terminal. */
  readonly ttyGroup: number;
  readonly cpuTicks: number;
  readonly priority: number;
  readonly nice: number;
  readonly threads: number;
  /** Ticks since the host's boot. */
  readonly startTicks: number;
  readonly virtualBytes: number;
  readonly residentPages: number;
  readonly processor: number;
  readonly uid: number;
  readonly gid: number;
}

export interface HostView {
  /** Seconds since the epoch. */
  readonly bootTime: number;
  /** Seconds since boot. */
  readonly uptime: number;
  readonly memoryBytes: number;
  readonly userNames: ReadonlyMap<number, string>;
  readonly groupNames: ReadonlyMap<number, string>;
}

/** A container may hold as many processes as the kernel has numbers; a list of more than this serves nobody. */
const MOST_PROCESSES = 10_000;
const AT_ONCE = 32;

/** Those that are still there. No program is run, neither of the host nor, above all, of the container. */
export async function readProcesses(pids: readonly number[], proc = "/proc"): Promise<HostProcess[]> {
  const found: HostProcess[] = [];
  const wanted = pids.slice(0, MOST_PROCESSES);
  for (let at = 0; at < wanted.length; at += AT_ONCE) {
    const batch = await Promise.all(wanted.slice(at, at + AT_ONCE).map(async (pid) => await readProcess(proc, pid)));
    found.push(...batch.filter((process) => process !== undefined));
  }
  return found;
}

async function readProcess(proc: string, pid: number): Promise<HostProcess | undefined> {
  try {
    const [stat, status, cmdline] = await Promise.all(
      ["stat", "status", "cmdline"].map(async (file) => await readFile(`${proc}/${pid}/${file}`, "utf8")),
    );
    return parseProcess(pid, stat ?? "", status ?? "", cmdline ?? "");
  } catch {
    return undefined; // It has ended meanwhile.
  }
}

/** `comm` may hold anything, also `) R 1`: the last parenthesis ends it. */
export function parseProcess(pid: number, stat: string, status: string, cmdline: string): HostProcess {
  const open = stat.indexOf("(");
  const close = stat.lastIndexOf(")");
  const comm = stat.slice(open + 1, close);
  const fields = stat
    .slice(close + 2)
    .trim()
    .split(" ");
  // proc(5) counts from 1, with pid and comm before these.
  const field = (number: number): number => Number(fields[number - 3] ?? 0);
  return {
    pid,
    comm,
    command: cmdline === "" ? `[${comm}]` : cmdline.replace(/\0+$/, "").replaceAll("\0", " "),
    state: fields[0] ?? "?",
    ppid: field(4),
    pgrp: field(5),
    session: field(6),
    ttyNumber: field(7),
    ttyGroup: field(8),
    cpuTicks: field(14) + field(15),
    priority: field(18),
    nice: field(19),
    threads: field(20),
    startTicks: field(22),
    virtualBytes: field(23),
    residentPages: field(24),
    processor: field(39),
    uid: effectiveId(status, "Uid"),
    gid: effectiveId(status, "Gid"),
  };
}

function effectiveId(status: string, key: "Uid" | "Gid"): number {
  return Number(new RegExp(`^${key}:\\s+\\d+\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
}

export async function readHostView(memoryBytes: number): Promise<HostView> {
  const [stat, uptime, passwd, group] = await Promise.all(
    ["/proc/stat", "/proc/uptime", "/etc/passwd", "/etc/group"].map(async (path) => await readFile(path, "utf8").catch(() => "")),
  );
  return {
    bootTime: Number(/^btime (\d+)/m.exec(stat ?? "")?.[1] ?? 0),
    uptime: Number.parseFloat(uptime ?? "0"),
    memoryBytes,
    userNames: namesById(passwd ?? ""),
    groupNames: namesById(group ?? ""),
  };
}

/** The host's names, as the ps of Docker's host prints them. */
function namesById(file: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of file.split("\n")) {
    const [name = "", , id = ""] = line.split(":");
    if (/^\d+$/.test(id) && !names.has(Number(id))) names.set(Number(id), name);
  }
  return names;
}
