import { readFileSync } from "node:fs";
import { hostname, machine, release } from "node:os";

/** What the host calls itself, and which resources its kernel can limit. Changes rarely; read at the daemon's start. */
export interface HostDescription {
  readonly hostname: string;
  /** `6.1.0-18-amd64`. */
  readonly kernelVersion: string;
  /** `x86_64`, `aarch64`. */
  readonly machine: string;
  /** `Debian GNU/Linux 12 (bookworm)`. */
  readonly operatingSystem: string;
  /** `12`; empty for a rolling distribution. */
  readonly operatingSystemVersion: string;
  /** Names of the cgroup controllers that are on: `cpu`, `memory`, `pids`, … */
  readonly controllers: ReadonlySet<string>;
  readonly ipv4Forwarding: boolean;
}

export function describeHost(): HostDescription {
  const osRelease = parseOsRelease(textOf("/etc/os-release") || textOf("/usr/lib/os-release"));
  const unified = textOf("/sys/fs/cgroup/cgroup.controllers");
  return {
    hostname: hostname(),
    kernelVersion: release(),
    machine: machine(),
    operatingSystem: osRelease["PRETTY_NAME"] ?? "Linux",
    operatingSystemVersion: osRelease["VERSION_ID"] ?? "",
    controllers: unified === "" ? parseControllers(textOf("/proc/cgroups")) : new Set(unified.trim().split(" ")),
    ipv4Forwarding: textOf("/proc/sys/net/ipv4/ip_forward").startsWith("1"),
  };
}

/** os-release(5): assignments as a shell reads them, of which only quotes and backslashes are in use. */
export function parseOsRelease(text: string): Readonly<Record<string, string>> {
  const entries = text.split("\n").flatMap((line): [string, string][] => {
    const match = /^([A-Z_][A-Z0-9_]*)=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"']*))\s*$/.exec(line);
    return match === null ? [] : [[match[1] ?? "", (match[2] ?? match[3] ?? match[4] ?? "").replace(/\\(.)/g, "$1")]];
  });
  return Object.fromEntries(entries);
}

/** /proc/cgroups: name, hierarchy, number of cgroups, enabled. */
export function parseControllers(text: string): ReadonlySet<string> {
  const rows = text.split("\n").map((line) => line.split("\t"));
  return new Set(rows.filter(([name = "", , , enabled]) => !name.startsWith("#") && enabled === "1").map(([name = ""]) => name));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
