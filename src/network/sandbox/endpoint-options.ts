import type { EndpointSettings } from "#spec/docker-api/types.ts";
import { contains, type Family, parseAddress, parseSubnet } from "../addresses/ip.ts";
import { isPredefined, type Network, subnetsOf } from "../record/network.ts";

/** What a user may say about an endpoint, in the words of Docker's drivers. */
const INTERFACE_NAME = "com.docker.network.endpoint.ifname";
const SYSCTLS = "com.docker.network.endpoint.sysctls";

export const knownDriverOptions: readonly string[] = [INTERFACE_NAME, SYSCTLS];

/** The name that its interface shall have inside; undefined for the next `ethN`. */
export function interfaceNameOf({ DriverOpts }: EndpointSettings): string | undefined {
  return DriverOpts?.[INTERFACE_NAME] || undefined;
}

/** Names below /proc/sys with `IFNAME` for the interface, and their values. Those that make no sense are left out: see `problemsOf`. */
export function interfaceSysctlsOf({ DriverOpts }: EndpointSettings): Record<string, string> {
  const parsed = sysctlTexts(DriverOpts?.[SYSCTLS]).map(parseSysctl);
  return Object.fromEntries(parsed.filter((sysctl) => sysctl !== undefined));
}

function sysctlTexts(option: string | undefined): string[] {
  return option === undefined || option === "" ? [] : option.split(",");
}

/**
 * `net.ipv4.conf.IFNAME.log_martians=1`. The kernel's own names have dots for slashes; an interface's name, which may have a dot in
 * it, is not in here yet. Nothing but these characters: it becomes a path.
 */
function parseSysctl(text: string): [name: string, value: string] | undefined {
  const [, name = "", value = ""] = /^(net\.(?:ipv4|ipv6|mpls)\.[a-z0-9_-]+\.IFNAME\.[a-z0-9_-]+)=(.*)$/s.exec(text) ?? [];
  return name === "" ? undefined : [name.replaceAll(".", "/"), value];
}

/** What is wrong with an endpoint's settings, in Docker's words; several at once, as Docker tells them. */
export function problemsOf(network: Network, settings: EndpointSettings): string[] {
  return [...addressProblems(network, settings), ...nameProblems(network, settings), ...optionProblems(settings)];
}

function addressProblems(network: Network, { IPAMConfig }: EndpointSettings): string[] {
  const wanted = [
    { family: 4, text: IPAMConfig?.IPv4Address ?? "" },
    { family: 6, text: IPAMConfig?.IPv6Address ?? "" },
  ] as const;
  const given = wanted.filter(({ text }) => text !== "");
  if (given.length > 0 && isPredefined(network.name)) return ["user specified IP address is supported on user defined networks only"];
  return [
    ...given.flatMap(({ family, text }) => addressProblem(network, family, text)),
    ...linkLocalProblems(IPAMConfig?.LinkLocalIPs ?? []),
  ];
}

function addressProblem(network: Network, family: Family, text: string): string[] {
  const address = parseAddress(text);
  if (address?.family !== family) return [`invalid IPv${family} address: ${text}`];
  const ipams = subnetsOf(network, family);
  // A subnet that the engine chose may have to move, when the host's networks change.
  if (ipams.some(({ chosenBy }) => chosenBy === "pool"))
    return ["user specified IP address is supported only when connecting to networks with user configured subnets"];
  const subnets = ipams.flatMap(({ subnet }) => parseSubnet(subnet) ?? []);
  return subnets.some((subnet) => contains(subnet, address)) ? [] : [`no configured subnet or ip-range contain the IP address ${text}`];
}

const LINK_LOCAL = ["169.254.0.0/16", "fe80::/64"].flatMap((text) => parseSubnet(text) ?? []);

/** Any other address would be one that the packet filter and the neighbours know nothing of. */
function linkLocalProblems(texts: readonly string[]): string[] {
  return texts
    .filter((text) => {
      const address = parseAddress(text);
      return address === undefined || !LINK_LOCAL.some((subnet) => contains(subnet, address));
    })
    .map((text) => `invalid link-local IP address: ${text}`);
}

function nameProblems({ name }: Network, { Aliases = [] }: EndpointSettings): string[] {
  if (Aliases.length === 0) return [];
  return isPredefined(name) ? ["network-scoped alias is supported only for containers in user defined networks"] : [];
}

/** IFNAMSIZ less the final NUL. */
const LONGEST_NAME = 15;

function optionProblems(settings: EndpointSettings): string[] {
  const name = interfaceNameOf(settings);
  const isName =
    name === undefined || (name.length <= LONGEST_NAME && !/[/:\s\0%]/.test(name) && ![".", "..", "lo", "all", "default"].includes(name));
  return [
    ...(isName ? [] : [`invalid interface name ${JSON.stringify(name)}`]),
    ...sysctlTexts(settings.DriverOpts?.[SYSCTLS])
      .filter((text) => parseSysctl(text) === undefined)
      .map(
        (text) =>
          `unrecognised network interface sysctl '${text}'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', ` +
          `'X' must be 'ipv4', 'ipv6' or 'mpls'`,
      ),
  ];
}
