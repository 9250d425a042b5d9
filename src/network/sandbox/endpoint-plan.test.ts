import { describe, expect, it } from "vitest";
import { EngineError } from "#errors/engine-error.ts";
import type { EndpointSettings } from "#spec/docker-api/types.ts";
import { chooseGateway, interfaceNames, planEndpoints } from "./endpoint-plan.ts";
import type { Network } from "../record/network.ts";

function network(name: string, wishes: Partial<Network> = {}): Network {
  const driver = name === "host" ? "host" : name === "none" ? "null" : "bridge";
  return {
    id: `id-${name}`,
    name,
    driver,
    created: "",
    internal: false,
    attachable: false,
    labels: {},
    options: {},
    ipam: undefined,
    ...wishes,
  };
}

const ipam = (subnet: string, chosenBy: "user" | "pool"): Network["ipam"] => ({ subnet, gateway: "", auxiliary: {}, chosenBy });
const networks = [
  ...["bridge", "host", "none", "zeta"].map((name) => network(name)),
  network("alpha", { ipam: ipam("10.0.0.0/24", "user") }),
  network("beta", { ipam: ipam("10.0.1.0/24", "pool") }),
];
const registry = {
  find(term: string): Network {
    const found = networks.find(({ id, name }) => id === term || name === term);
    if (found === undefined) throw new EngineError("not-found", `network ${term} not found`);
    return found;
  },
};
const plan = (mode: string, settings: Record<string, EndpointSettings> = {}) => planEndpoints(registry, mode, settings);

describe("planEndpoints", () => {
  it("puts the network of the mode first and the others by name", () => {
    expect(plan("beta", { zeta: {}, alpha: {}, beta: {} }).map((one) => one.network.name)).toEqual(["beta", "alpha", "zeta"]);
    expect(plan("bridge").map((one) => one.network.name)).toEqual(["bridge"]);
  });

  it("knows a network by any of its names, once", () => {
    expect(plan("id-alpha", { alpha: { IPAMConfig: { IPv4Address: "10.0.0.9" } } })).toMatchObject([{ address: "10.0.0.9" }]);
    expect(plan("bridge", { default: { GwPriority: 3 } })).toMatchObject([{ network: { name: "bridge" }, wishes: { gatewayPriority: 3 } }]);
  });

  it("keeps a user's name of an interface from the others, and numbers those around it", () => {
    const named = (...names: (string | undefined)[]) => interfaceNames(names.map((name) => ({ name, network: { options: {} } })));
    expect(named(undefined, "lan0", undefined)).toEqual(["eth0", "lan0", "eth1"]);
    expect(named("eth1", undefined, undefined)).toEqual(["eth1", "eth0", "eth2"]);
    expect(interfaceNames([{ name: undefined, network: { options: {} } }], ["eth0", "lan"])).toEqual(["eth1"]);
  });

  it("takes a network's own word in place of eth", () => {
    const network = { options: { "com.docker.network.container_iface_prefix": "app" } };
    const unnamed = (which: typeof network | { options: {} }) => ({ name: undefined, network: which });
    expect(interfaceNames([unnamed(network), unnamed({ options: {} }), unnamed(network)])).toEqual(["app0", "eth0", "app1"]);
  });

  it("reads the sysctls of an interface", () => {
    const DriverOpts = {
      [`com.docker.network.endpoint.sysctls`]: "net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.neigh.IFNAME.gc_stale_time=9",
    };
    expect(plan("alpha", { alpha: { DriverOpts } })).toMatchObject([
      { sysctls: { "net/ipv4/conf/IFNAME/log_martians": "1", "net/ipv6/neigh/IFNAME/gc_stale_time": "9" } },
    ]);
  });

  it("normalizes a MAC address", () => {
    expect(plan("alpha", { alpha: { MacAddress: "02-42-AC-11-00-09" } })).toMatchObject([{ mac: "02:42:ac:11:00:09" }]);
  });

  const invalid = (name: string, ...problems: string[]) =>
    `invalid config for network ${name}: invalid endpoint settings:\n${problems.join("\n")}`;
  const IFNAME = "com.docker.network.endpoint.ifname";
  const SYSCTLS = "com.docker.network.endpoint.sysctls";
  it.each<[string, Record<string, EndpointSettings>, string, string]>([
    ["nosuch", {}, "not-found", "network nosuch not found"],
    ["alpha", { nosuch: {} }, "not-found", "network nosuch not found"],
    ["host", { alpha: {} }, "invalid", "conflicting options: cannot attach both network host and another network"],
    [
      "bridge",
      { bridge: { Aliases: ["x"] } },
      "invalid",
      invalid("bridge", "network-scoped alias is supported only for containers in user defined networks"),
    ],
    [
      "bridge",
      { bridge: { IPAMConfig: { IPv4Address: "172.17.0.9" } } },
      "invalid",
      invalid("bridge", "user specified IP address is supported on user defined networks only"),
    ],
    [
      "alpha",
      { alpha: { IPAMConfig: { IPv4Address: "10.1.0.9" } } },
      "invalid",
      invalid("alpha", "no configured subnet or ip-range contain the IP address 10.1.0.9"),
    ],
    ["alpha", { alpha: { IPAMConfig: { IPv4Address: "junk" } } }, "invalid", invalid("alpha", "invalid IPv4 address: junk")],
    [
      "beta",
      { beta: { IPAMConfig: { IPv4Address: "10.0.1.9" } } },
      "invalid",
      invalid("beta", "user specified IP address is supported only when connecting to networks with user configured subnets"),
    ],
    ["alpha", { alpha: { MacAddress: "zz" } }, "invalid", "invalid config for network alpha: invalid MAC address zz"],
    [
      "alpha",
      { alpha: { MacAddress: "02:42-ac:11:00:09" } },
      "invalid",
      "invalid config for network alpha: invalid MAC address 02:42-ac:11:00:09",
    ],
    [
      "alpha",
      { alpha: { IPAMConfig: { IPv6Address: "fd00::1" } } },
      "invalid",
      invalid("alpha", "no configured subnet or ip-range contain the IP address fd00::1"),
    ],
    ["alpha", { alpha: { IPAMConfig: { IPv6Address: "10.0.0.9" } } }, "invalid", invalid("alpha", "invalid IPv6 address: 10.0.0.9")],
    [
      "alpha",
      { alpha: { IPAMConfig: { LinkLocalIPs: ["169.254.1.1", "fe80::1", "10.0.0.9"] } } },
      "invalid",
      invalid("alpha", "invalid link-local IP address: 10.0.0.9"),
    ],
    [
      "alpha",
      { alpha: { DriverOpts: { other: "x" } } },
      "not-implemented",
      "endpoint setting DriverOpts is not implemented: other is not known",
    ],
    ["alpha", { alpha: { DriverOpts: { [IFNAME]: "a/b" } } }, "invalid", invalid("alpha", 'invalid interface name "a/b"')],
    [
      "alpha",
      { alpha: { DriverOpts: { [IFNAME]: "lo", [SYSCTLS]: "net.ipv4.conf.IFNAME.log_martians=1,net.ipv4/../../x.IFNAME.y=1" } } },
      "invalid",
      invalid(
        "alpha",
        '* invalid interface name "lo"',
        "* unrecognised network interface sysctl 'net.ipv4/../../x.IFNAME.y=1'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'",
      ),
    ],
    [
      "alpha",
      { alpha: { DriverOpts: { [IFNAME]: "lan" } }, beta: { DriverOpts: { [IFNAME]: "lan" } } },
      "invalid",
      "conflicting options: two interfaces named lan",
    ],
  ])("refuses %s %j", (mode, settings, category, message) => {
    expect(() => plan(mode, settings)).toThrow(expect.objectContaining({ category, message }));
  });

  it("takes empty for absent", () => {
    expect(
      plan("bridge", { bridge: { Aliases: [], Links: [], MacAddress: "", IPAMConfig: { IPv4Address: "" }, DriverOpts: {} } }),
    ).toHaveLength(1);
  });
});

describe("chooseGateway", () => {
  const way = (name: string, gatewayPriority = 0, wishes: Partial<Network> = {}) => ({
    network: network(name, wishes),
    wishes: { ipam: undefined, driverOptions: undefined, aliases: [], links: [], gatewayPriority },
  });

  it("takes the highest priority, then the first name, never an internal network", () => {
    expect(chooseGateway([way("beta"), way("alpha")])?.network.name).toBe("alpha");
    expect(chooseGateway([way("beta", 1), way("alpha")])?.network.name).toBe("beta");
    expect(chooseGateway([way("beta"), way("alpha", 9, { internal: true })])?.network.name).toBe("beta");
    expect(chooseGateway([way("alpha", 0, { internal: true })])).toBeUndefined();
    expect(chooseGateway([way("host")])).toBeUndefined();
  });
});
