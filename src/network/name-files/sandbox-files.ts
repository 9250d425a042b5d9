import { containerFiles, usesNameServer } from "../sandbox/container-names.ts";
import type { NetworkContext } from "../context.ts";
import { readHostFiles } from "./host-files.ts";
import { addressesOf, type Sandbox } from "../sandbox/sandbox.ts";

/** A running container's sandbox with the name files that fit the networks it is on now. Once it has a name server it keeps it. */
export async function withFiles({ registry, options }: Pick<NetworkContext, "registry" | "options">, sandbox: Sandbox): Promise<Sandbox> {
  const networks = sandbox.endpoints.flatMap(({ networkId }) => registry.get(networkId) ?? []);
  const names = { ...sandbox.names, embedded: sandbox.names.embedded || usesNameServer(sandbox.names, networks) };
  const host = await readHostFiles(options.hostFiles, false);
  const addresses = sandbox.endpoints.flatMap(({ link }) => (link === undefined ? [] : addressesOf(link)));
  return { ...sandbox, names, files: containerFiles(names, { addresses, host, shared: false, servers: options.names.dns }) };
}
