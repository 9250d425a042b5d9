import { isIPv6 } from "node:net";
import type { InsideLink } from "#sys/netns/host-network.ts";
import type { EndpointLink } from "../sandbox/sandbox.ts";
import type { LinkWish } from "./contract.ts";

/** What an endpoint's interface is to be inside, whatever is at its other end. */
export function insideOf(link: EndpointLink, namespace: string, defaultRoute: boolean): InsideLink {
  const { name, mac, address, prefixLength, gateway, ipv6, linkLocal = [], sysctls } = link;
  return {
    namespace,
    name,
    mac,
    address,
    prefixLength,
    gateway: defaultRoute ? gateway : undefined,
    ipv6: ipv6 === undefined ? undefined : { ...ipv6, gateway: defaultRoute ? ipv6.gateway : undefined },
    more: linkLocal.map((one) => ({ address: one, prefixLength: isIPv6(one) ? 64 : 16 })),
    sysctls,
  };
}

/** A name with a dot in it stands where the kernel has it: as one part of the path. */
export function interfaceSysctls({ sysctls = {}, name }: LinkWish): Pick<EndpointLink, "sysctls"> {
  const entries = Object.entries(sysctls).map(([path, value]) => [path.replace("/IFNAME/", () => `/${name}/`), value] as const);
  return entries.length === 0 ? {} : { sysctls: Object.fromEntries(entries) };
}
