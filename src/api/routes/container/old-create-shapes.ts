import { EngineError } from "#errors/engine-error.ts";

/** Shapes of a create that the specification does not have, or has no more, and clients send. */

type Fields = Record<string, unknown>;

/** Cmd and Entrypoint may be one string, which is one word, not a line to be split (moby's `StrSlice`). */
export function listsOfStrings(body: unknown): unknown {
  if (!isObject(body)) return body;
  const lists = Object.entries(body).filter(([key, value]) => /^(?:cmd|entrypoint)$/i.test(key) && typeof value === "string");
  return lists.length === 0 ? body : { ...body, ...Object.fromEntries(lists.map(([key, value]) => [key, [value]])) };
}

/**
 * Before 1.44 a container had one MacAddress: that of the network it is made for.
 *
 * @throws EngineError `invalid` when the endpoint of that network has another.
 */
export function liftMacAddress(body: unknown): unknown {
  if (!isObject(body) || typeof body["MacAddress"] !== "string" || body["MacAddress"] === "") return body;
  const hostConfig = isObject(body["HostConfig"]) ? body["HostConfig"] : {};
  const mode = typeof hostConfig["NetworkMode"] === "string" ? hostConfig["NetworkMode"] : "";
  const network = mode === "" || mode === "default" ? "bridge" : mode;
  const networking = isObject(body["NetworkingConfig"]) ? body["NetworkingConfig"] : {};
  const endpoints = isObject(networking["EndpointsConfig"]) ? networking["EndpointsConfig"] : {};
  const settings = isObject(endpoints[network]) ? endpoints[network] : {};
  if (settings["MacAddress"] && settings["MacAddress"] !== body["MacAddress"]) {
    throw new EngineError(
      "invalid",
      "the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty",
    );
  }
  const lifted = { ...endpoints, [network]: { ...settings, MacAddress: body["MacAddress"] } };
  return { ...body, NetworkingConfig: { ...networking, EndpointsConfig: lifted } };
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
