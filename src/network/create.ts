import { EngineError } from "#errors/engine-error.ts";
import type { NetworkCreateBody } from "#spec/docker-api/types.ts";
import { setUpNetwork } from "./addresses/set-up-network.ts";
import type { NetworkContext } from "./context.ts";
import { OPTION } from "./record/network-options.ts";
import { readCreateBody } from "./wishes/create-body.ts";
import { refreshRules } from "./restore/refresh-rules.ts";
import { isPredefined, type Network, newId } from "./record/network.ts";
import { emitLifeEvent } from "./record/network-events.ts";

/**
 * Makes a network.
 *
 * @throws EngineError `invalid`, `forbidden` for a predefined name or a subnet that overlaps, `conflict` for a name that is taken,
 * `not-implemented` naming the field.
 */
export async function createNetwork(context: NetworkContext, body: NetworkCreateBody): Promise<Network> {
  const wish = readCreateBody(body, context.options.networkOptions);
  // One at a time: two that choose a subnet at once would choose the same.
  return await context.locks.run("networks", async () => {
    if (isPredefined(wish.name)) throw new EngineError("forbidden", `operation is not permitted on predefined ${wish.name} network `);
    if (context.registry.named(wish.name) !== undefined) {
      throw new EngineError("conflict", `network with name ${wish.name} already exists`);
    }
    const { ipam, ...rest } = wish;
    refuseSharedParent(context, rest.options[OPTION.parent]);
    const draft: Network = { ...rest, id: newId(), created: new Date().toISOString(), ipam: undefined };
    const network = await setUpNetwork(context, draft, ipam);
    await refreshRules(context);
    emitLifeEvent(context, "create", network);
    return network;
  });
}

/** Two networks on one interface would be one network with two sets of addresses. @throws EngineError `forbidden`. */
function refuseSharedParent({ registry }: Pick<NetworkContext, "registry">, parent: string | undefined): void {
  const other = parent === undefined ? undefined : registry.all().find(({ options }) => options[OPTION.parent] === parent);
  if (other !== undefined) throw new EngineError("forbidden", `network ${other.name} is already using parent interface ${parent}`);
}
