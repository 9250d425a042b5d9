import { EngineError } from "#errors/engine-error.ts";
import type { NetworkCreateBody } from "#spec/docker-api/types.ts";
import type { NetworkRegistry } from "../record/registry.ts";

/**
 * A create request with what its configuration says (`ConfigFrom`) in its place. One without comes back as it is.
 *
 * @throws EngineError `not-found` for the configuration; `forbidden`, in Docker's words, where the request says something itself.
 */
export function withConfiguration(body: NetworkCreateBody, registry: Pick<NetworkRegistry, "named">): NetworkCreateBody {
  const name = body.ConfigFrom?.Network ?? "";
  if (name === "") return body;
  refuseOwnWords(body);
  const source = registry.named(name);
  if (source?.configuration === undefined) {
    throw new EngineError("not-found", `configuration network ${JSON.stringify(name.slice(0, 300))} does not exist`);
  }
  return { ...body, ...source.configuration, Labels: { ...source.labels }, Options: { ...source.options } };
}

function refuseOwnWords({ ConfigOnly, EnableIPv6, Labels = {}, Options = {}, IPAM = {} }: NetworkCreateBody): void {
  if (ConfigOnly === true) throw new EngineError("forbidden", "a configuration network cannot depend on another configuration network");
  if (Object.keys(Options).length > 0) {
    throw new EngineError("forbidden", "network driver options are not supported if the network depends on a configuration network");
  }
  const isAsked = [Labels, IPAM.Options ?? {}, IPAM.Config ?? []].some((given) => Object.keys(given).length > 0);
  if (isAsked || EnableIPv6 === true || !["", "default"].includes(IPAM.Driver ?? "")) {
    throw new EngineError("forbidden", "user specified configurations are not supported if the network depends on a configuration network");
  }
}
