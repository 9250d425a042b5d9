import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Sysctls } from "./host-network.ts";

export function writeSysctls(sysctls: Sysctls): void {
  for (const [name, value] of Object.entries(sysctls)) writeSysctl(name, value);
}

/** A kernel that was started without IPv6 has none of its switches. */
function writeSysctl(name: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/${name}`, value);
  } catch (error) {
    if (!(name.startsWith("net/ipv6/") && (error as NodeJS.ErrnoException).code === "ENOENT")) throw error;
  }
}

const IPV6 = "/proc/sys/net/ipv6/conf";

/** The network worker's side of `HostLinks.forwardIpv6`. */
export function forwardIpv6(): boolean {
  if (readSysctl("all/forwarding") !== "0") return false;
  // 1 is "unless forwarding", 2 is "even so".
  for (const name of readdirSync(IPV6)) if (readSysctl(`${name}/accept_ra`) === "1") writeFileSync(`${IPV6}/${name}/accept_ra`, "2");
  for (const name of ["default", "all"]) writeFileSync(`${IPV6}/${name}/forwarding`, "1");
  return true;
}

export function speaksIpv6(): boolean {
  return readSysctl("all/disable_ipv6") === "0";
}

/** Undefined where the kernel has no IPv6, or the interface has just gone. */
function readSysctl(name: string): string | undefined {
  try {
    return readFileSync(`${IPV6}/${name}`, "latin1").trim();
  } catch {
    return undefined;
  }
}
