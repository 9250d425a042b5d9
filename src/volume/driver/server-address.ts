import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { EngineError } from "#errors/engine-error.ts";

const NETWORK_TYPES = ["nfs", "nfs4", "cifs", "smb3"];

/**
 * The kernel mounts from addresses, and looks no name up: `addr=` of NFS and CIFS may be one, and without it a CIFS share's host is
 * looked up, as dockerd does it.
 *
 * @returns the options with an address in them.
 */
export async function withServerAddress(type: string, device: string, data: string): Promise<string> {
  if (!NETWORK_TYPES.includes(type)) return data;
  const words = data.split(",").filter((word) => word !== "");
  const given = words.findIndex((word) => word.startsWith("addr="));
  const host = given < 0 ? hostOfShare(type, device) : (words[given] ?? "").slice("addr=".length);
  if (host === undefined || isIP(host) !== 0) return data;
  const address = `addr=${await addressOf(host, type)}`;
  return (given < 0 ? [...words, address] : words.with(given, address)).join(",");
}

/** `//host/share`. */
function hostOfShare(type: string, device: string): string | undefined {
  if (type !== "cifs" && type !== "smb3") return undefined;
  return /^(?:\/\/|\\\\)([^/\\]+)/.exec(device)?.[1];
}

async function addressOf(host: string, type: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new EngineError("invalid", `error resolving passed in network volume address: ${host} (${type})`, { cause });
  }
}
