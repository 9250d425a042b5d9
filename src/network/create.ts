import { EngineError } from "#errors/engine-error.ts";
import type { NetworkCreateBody } from "#spec/docker-api/types.ts";
import { setUpNetwork } from "./addresses/set-up-network.ts";
import type { NetworkContext } from "./context.ts";
import { OPTION } from "./record/network-options.ts";
import { withConfiguration } from "./wishes/config-from.ts";
import { readCreateBody } from "./wishes/create-body.ts";
import { refreshRules } from "./restore/refresh-rules.ts";
import { isPredefined, type Network, newId } from "./record/network.ts";
import { emitLifeEvent } from "./record/network-events.ts";

/**
 * Makes a network.
 *
 * @throws EngineError `invalid`, `forbidden` for a predefined name or a subnet that overlaps, `conflict` for a name that is taken,
 * `not-found` for a driver or a configuration,
 * `not-implemented` naming the field.
 */
export async function createNetwork(context: NetworkContext, body: NetworkCreateBody): Promise<Network> {
  // One at a time: two that choose a subnet at once would choose the same.
  return await context.locks.run("networks", async () => {
    const { networkOptions: options, dualStack } = context.options;
    const wish = readCreateBody(withConfiguration(body, context.registry), { options, dualStack });
    if (isPredefined(wish.name)) throw new EngineError("forbidden", `operation is not permitted on predefined ${wish.name} network `);
    if (context.registry.named(wish.name) !== undefined) {
      throw new EngineError("conflict", `network with name ${wish.name} already exists`);
    }
    const { ipam, ...rest } = wish;
    if (rest.configuration === undefined) refuseSharedParent(context, rest.options[OPTION.parent]);
    const configFrom = body.ConfigFrom?.Network || undefined;
    const draft: Network = { ...rest, id: newId(), created: new Date().toISOString(), ipam: undefined, configFrom };
    const network = await setUpNetwork(context, draft, ipam);
    await refreshRules(context);
    emitLifeEvent(context, "create", network);
    return network;
  });
}

/** Two networks on one interface would be one network with two sets of addresses. @throws EngineError `forbidden`. */
function refuseSharedParent({ registry }: Pick<NetworkContext, "registry">, parent: string | undefined): void {
  const isOn = ({ options, configuration }: Network): boolean => options[OPTION.parent] === parent && configuration === undefined;
  const other = parent === undefined ? undefined : registry.all().find(isOn);
  if (other !== undefined) throw new EngineError("forbidden", `network ${other.name} is already using parent interface ${parent}`);
}
