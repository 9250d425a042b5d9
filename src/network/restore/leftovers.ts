import { join } from "node:path";
import { listNamespaces } from "#sys/netns/namespace.ts";
import type { HostSurvey } from "#sys/netns/host-network.ts";
import type { Instance } from "#spec/instance.ts";
import type { NetworkContext } from "../context.ts";
import { linksOf, outName } from "../sandbox/rate.ts";
import { namespaceFolder } from "../sandbox/prepare.ts";

/** Takes away namespaces and interfaces of this instance that no record knows: what was made just before a daemon was killed. */
export async function removeLeftovers(context: NetworkContext, survey: HostSurvey): Promise<void> {
  const { host, options } = context;
  const folder = namespaceFolder(options.instance);
  const known = new Set(context.sandboxes.saved().map(({ netns }) => netns));
  const paths = listNamespaces(folder).map((name) => join(folder, name));
  for (const path of paths.filter((one) => !known.has(one))) await host.removeNamespace(path);
  for (const name of strayLinks(survey, options.instance, knownLinks(context))) await host.removeLink(name);
  await context.firewall.removeOldDetour(survey.links.map(({ name }) => name));
}

function knownLinks({ registry, drivers, sandboxes }: NetworkContext): Set<string> {
  const own = registry.all().flatMap((network) => drivers[network.driver].linkOf(network) ?? []);
  const ends = sandboxes.saved().flatMap(({ endpoints }) => endpoints.flatMap(({ link }) => link?.hostName ?? []));
  const queues = sandboxes
    .saved()
    .flatMap((sandbox) =>
      sandbox.rate?.out === undefined
        ? []
        : linksOf(sandbox).flatMap(({ hostName }) => (hostName === undefined ? [] : outName({ hostName }))),
    );
  return new Set([...own, ...ends, ...queues]);
}

/**
 * By form and kind: `<prefix><8 hex>` of a container, `<prefix>b<8 hex>` of a network, `<prefix>m<8 hex>` of a network
 * without an interface of the host, `<prefix>i<8 hex>` of a limit.
 */
function strayLinks({ links }: HostSurvey, { vethPrefix }: Instance, known: ReadonlySet<string>): string[] {
  const forms = new Map([
    ["veth", new RegExp(`^${vethPrefix}[0-9a-f]{8}$`)],
    ["bridge", new RegExp(`^${vethPrefix}b[0-9a-f]{8}$`)],
    ["dummy", new RegExp(`^${vethPrefix}m[0-9a-f]{8}$`)],
    ["ifb", new RegExp(`^${vethPrefix}[im][0-9a-f]{8}$`)],
  ]);
  return links.filter(({ kind = "", name }) => forms.get(kind)?.test(name) === true && !known.has(name)).map(({ name }) => name);
}
