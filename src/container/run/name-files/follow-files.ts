import type { Container } from "../../record/container.ts";
import { type LinkDeps, rewriteHostsFile } from "../../links/hosts.ts";
import { containerPaths } from "../../record/paths.ts";
import type { NetworkSandbox } from "../../ports.ts";
import { rewriteInPlace } from "./rewrite-in-place.ts";

/** How the name files of a running container have changed; structurally that of network/ports.ts. */
export interface FilesChange {
  readonly before: NetworkSandbox["files"];
  readonly after: NetworkSandbox["files"];
}

/**
 * Brings a running container's name files up to date. Of its hosts file the lines that were ours are taken away and the new ones
 * added, whatever else stands there by now; its resolv.conf is rewritten as long as nobody has touched it.
 */
export async function followFiles(
  deps: Pick<LinkDeps, "options" | "locks">,
  container: Container,
  { before, after }: FilesChange,
): Promise<void> {
  const { resolvConf } = containerPaths(deps.options.instance, container.id);
  if (before.hosts !== after.hosts) await rewriteHostsFile(deps, container, (text) => withChangedLines(text, before.hosts, after.hosts));
  if (before.resolvConf !== after.resolvConf) {
    await rewriteInPlace(resolvConf, (text) => (text === before.resolvConf ? after.resolvConf : text));
  }
}

/** `text` without the lines that only `before` has, and with those that only `after` has. Pure. */
export function withChangedLines(text: string, before: string, after: string): string {
  const [old, wanted] = [before.split("\n"), after.split("\n")];
  const rest = text.split("\n").filter((line) => line === "" || !old.includes(line) || wanted.includes(line));
  const added = wanted.filter((line) => !old.includes(line) && !rest.includes(line));
  const body = rest.join("\n");
  const end = body === "" || body.endsWith("\n") ? "" : "\n";
  return body + end + added.map((line) => `${line}\n`).join("");
}
