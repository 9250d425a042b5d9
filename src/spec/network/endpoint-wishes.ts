import type { EndpointSettings } from "../docker-api/types.ts";
import { macOf } from "./mac-address.ts";

/**
 * What of an endpoint's settings is a user's to say. The rest is what the endpoint has while its container runs. It comes along when
 * what an inspect showed is sent back to make the container anew, as Portainer and Watchtower do, and must not become a wish: neither
 * the address, nor the MAC address that was made of it, which another container may have by then.
 */
export function endpointWishes(settings: EndpointSettings): EndpointSettings {
  const { IPAMConfig, Links, Aliases, MacAddress, DriverOpts, GwPriority, IPAddress = "" } = settings;
  const isOurs = IPAddress !== "" && MacAddress === macOf(IPAddress);
  const wishes: EndpointSettings = { IPAMConfig, Links, Aliases, MacAddress: isOurs ? undefined : MacAddress, DriverOpts, GwPriority };
  return Object.fromEntries(Object.entries(wishes).filter(([, value]) => value !== undefined)) as EndpointSettings;
}
