import { withRate } from "#spec/network/rate.ts";
import { parseNetworkRate } from "../network-rate.ts";
import { parseNetwork } from "../network.ts";
import { parsePublish, rangeOf } from "../ports.ts";
import { add, asIs, host, hostItem, put, runFlag, runToggle, type RunFlags } from "../run-flag.ts";

/** How the container is reached, and reaches others. */
export const networkFlags: RunFlags = {
  "add-host": runFlag({ value: "list", help: "Add a custom host-to-IP mapping (host:ip)" }, asIs, ({ hostConfig }, value) =>
    add(hostConfig, "ExtraHosts", value.includes(":") && !/^[^:]*=/.test(value) ? value : value.replace("=", ":")),
  ),
  dns: runFlag({ value: "list", help: "Set custom DNS servers" }, asIs, hostItem("Dns")),
  "dns-option": runFlag({ value: "list", help: "Set DNS options" }, asIs, hostItem("DnsOptions")),
  "dns-search": runFlag({ value: "list", help: "Set custom DNS search domains" }, asIs, hostItem("DnsSearch")),
  expose: runFlag({ value: "list", help: "Expose a port or a range of ports" }, exposed, ({ config }, ports) => {
    for (const port of ports) put(config, "ExposedPorts", [port, {}]);
  }),
  ip: runFlag({ help: "IPv4 address (e.g., 172.30.100.104)" }, asIs, ({ endpoint }, value) => {
    endpoint.IPAMConfig = { ...endpoint.IPAMConfig, IPv4Address: value };
  }),
  ip6: runFlag({ help: "IPv6 address (e.g., 2001:db8::33)" }, asIs, ({ endpoint }, value) => {
    endpoint.IPAMConfig = { ...endpoint.IPAMConfig, IPv6Address: value };
  }),
  link: runFlag({ value: "list", help: "Add link to another container" }, asIs, hostItem("Links")),
  "link-local-ip": runFlag({ value: "list", help: "Container IPv4/IPv6 link-local addresses" }, asIs, ({ endpoint }, value) => {
    endpoint.IPAMConfig = { ...endpoint.IPAMConfig, LinkLocalIPs: [...(endpoint.IPAMConfig?.LinkLocalIPs ?? []), value] };
  }),
  "mac-address": runFlag({ help: "Container MAC address (e.g., 92:d0:c6:0a:29:33)" }, asIs, ({ endpoint }, value) => {
    endpoint.MacAddress = value;
  }),
  network: runFlag(
    { value: "network", help: "Connect a container to a network: bridge, host, none, container:NAME, or one of yours" },
    parseNetwork,
    ({ networks }, network) => void networks.push(network),
  ),
  "network-alias": runFlag({ value: "list", help: "Add network-scoped alias for the container" }, asIs, ({ endpoint }, value) =>
    add(endpoint, "Aliases", value),
  ),
  "network-rate": runFlag(
    {
      value: "rate",
      help: "Limit what the network interfaces receive and send: a RATE such as 10mbit, or in=RATE, out=RATE, in-burst=BYTES, out-burst=BYTES with commas between",
    },
    parseNetworkRate,
    ({ config }, change) => {
      const labels = withRate(config.Labels, change);
      if (labels !== undefined) config.Labels = labels;
    },
  ),
  publish: runFlag(
    { value: "list", short: "p", help: "Publish a container's port(s) to the host" },
    parsePublish,
    ({ config, hostConfig }, publications) => {
      for (const { port, binding } of publications) {
        put(config, "ExposedPorts", [port, {}]);
        put(hostConfig, "PortBindings", [port, [...(hostConfig.PortBindings?.[port] ?? []), binding]]);
      }
    },
  ),
  "publish-all": runToggle("Publish all exposed ports to random ports", host("PublishAllPorts"), "P"),
};

/** `80/tcp` for each port of `80`, `80/udp`, `8000-8003`. */
function exposed(text: string): string[] {
  const [ports = "", protocol = "tcp"] = text.split("/");
  return rangeOf(ports).map((port) => `${port}/${protocol}`);
}
