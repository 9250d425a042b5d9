import type { EndpointSettings } from "#spec/docker-api/types.ts";
import { invalid } from "../arguments/flag.ts";
import type { NetworkRequest } from "./request.ts";

/** `--network NAME`, or `--network name=NAME,alias=ALIAS,ip=ADDRESS,…`. */
export function parseNetwork(text: string): NetworkRequest {
  if (!/^[a-z0-9-]+=/i.test(text)) return { name: text, endpoint: {} };
  const endpoint: EndpointSettings = {};
  let name: string | undefined;
  for (const field of text.split(",")) {
    const [key = "", ...rest] = field.split("=");
    const value = rest.join("=");
    if (key.toLowerCase() === "name") name = value;
    else (settings[key.toLowerCase()] ?? invalid(`unknown field ${JSON.stringify(key)}`))(endpoint, value);
  }
  return name === undefined || name === "" ? invalid("the network's name is missing") : { name, endpoint };
}

const settings: Readonly<Record<string, (endpoint: EndpointSettings, value: string) => void>> = {
  alias: (endpoint, value) => void (endpoint.Aliases = [...(endpoint.Aliases ?? []), value]),
  ip: (endpoint, value) => void (endpoint.IPAMConfig = { ...endpoint.IPAMConfig, IPv4Address: value }),
  ip6: (endpoint, value) => void (endpoint.IPAMConfig = { ...endpoint.IPAMConfig, IPv6Address: value }),
  "mac-address": (endpoint, value) => void (endpoint.MacAddress = value),
  "driver-opt": (endpoint, value) => {
    const at = value.indexOf("=");
    if (at <= 0) invalid("driver-opt must be name=value");
    endpoint.DriverOpts = { ...endpoint.DriverOpts, [value.slice(0, at)]: value.slice(at + 1) };
  },
};
