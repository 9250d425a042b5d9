import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import tls from "node:tls";
import { EngineError } from "#errors/engine-error.ts";

/** How to speak TLS with the servers of one registry. */
export interface TlsProfile {
  /** Trusted beside the usual authorities. */
  readonly authorities: readonly string[];
  readonly clients: readonly { readonly cert: string; readonly key: string }[];
  readonly verify: boolean;
}

/**
 * Reads `<folder>/<host[:port]>/`: every `*.crt` is an authority, every `*.cert` with its `*.key` a client's certificate. The first
 * folder that has the host counts. The host comes from a parsed reference: it has no slash and is not `..`.
 *
 * @throws EngineError `invalid` for a certificate without its key, as dockerd does.
 */
export async function loadTlsProfile(folders: readonly string[], host: string, verify: boolean): Promise<TlsProfile> {
  for (const parent of folders) {
    const folder = path.join(parent, host);
    const names = await readdir(folder).catch(() => undefined);
    if (names !== undefined) return readProfile(folder, names.toSorted(), verify);
  }
  return { authorities: [], clients: [], verify };
}

async function readProfile(folder: string, names: readonly string[], verify: boolean): Promise<TlsProfile> {
  const read = (name: string): Promise<string> => readFile(path.join(folder, name), "utf8");
  const missing = names
    .filter((name) => /\.(?:cert|key)$/.test(name))
    .map((name) => (name.endsWith(".key") ? name.replace(/key$/, "cert") : name.replace(/cert$/, "key")))
    .find((partner) => !names.includes(partner));
  if (missing !== undefined)
    throw new EngineError("invalid", `missing ${missing} in ${folder}: a client certificate has a .cert and a .key`);
  const authorities = await Promise.all(names.filter((name) => name.endsWith(".crt")).map(read));
  const pairs = names.filter((name) => name.endsWith(".cert"));
  const clients = await Promise.all(pairs.map(async (name) => ({ cert: await read(name), key: await read(name.replace(/cert$/, "key")) })));
  return { authorities, clients, verify };
}

let usual: readonly string[] | undefined;

/** Node's own authorities and those of the host (where administrators add theirs). Read once: it takes some 100 ms. */
export function usualAuthorities(): readonly string[] {
  usual ??= [...new Set([...tls.getCACertificates("bundled"), ...tls.getCACertificates("system")])];
  return usual;
}
