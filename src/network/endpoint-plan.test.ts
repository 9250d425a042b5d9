import { describe, expect, it } from "vitest";
import { EngineError } from "#errors/engine-error.ts";
import type { EndpointSettings } from "#spec/docker-api/types.ts";
import { chooseGateway, planEndpoints } from "./endpoint-plan.ts";
import type { Network } from "./network.ts";

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

const networks = ["bridge", "host", "none", "alpha", "beta", "zeta"].map((name) => network(name));
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

  it("normalizes a MAC address", () => {
    expect(plan("alpha", { alpha: { MacAddress: "02-42-AC-11-00-09" } })).toMatchObject([{ mac: "02:42:ac:11:00:09" }]);
  });

  const invalid = "invalid endpoint settings:\n";
  it.each<[string, Record<string, EndpointSettings>, string, string]>([
    ["nosuch", {}, "not-found", "network nosuch not found"],
    ["alpha", { nosuch: {} }, "not-found", "network nosuch not found"],
    ["host", { alpha: {} }, "invalid", "conflicting options: cannot attach both network host and another network"],
    ["bridge", { bridge: { Aliases: ["x"] } }, "invalid", `${invalid}network-scoped aliases are only supported for user-defined networks`],
    [
      "bridge",
      { bridge: { IPAMConfig: { IPv4Address: "172.17.0.9" } } },
      "invalid",
      `${invalid}user-specified IP address is supported on user-defined networks only`,
    ],
    ["alpha", { alpha: { MacAddress: "zz" } }, "invalid", "invalid MAC address: zz"],
    [
      "alpha",
      { alpha: { Aliases: ["db"] } },
      "not-implemented",
      "endpoint setting Aliases is not implemented: names on networks need the embedded DNS server",
    ],
    [
      "alpha",
      { alpha: { Links: ["db"] } },
      "not-implemented",
      "endpoint setting Links is not implemented: names on networks need the embedded DNS server",
    ],
    [
      "alpha",
      { alpha: { IPAMConfig: { IPv6Address: "fd00::1" } } },
      "not-implemented",
      "endpoint setting IPAMConfig.IPv6Address is not implemented: there is no IPv6",
    ],
    [
      "alpha",
      { alpha: { DriverOpts: { "com.docker.network.endpoint.ifname": "x" } } },
      "not-implemented",
      "endpoint setting DriverOpts is not implemented: com.docker.network.endpoint.ifname is not known",
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
    wishes: { ipam: undefined, driverOptions: undefined, gatewayPriority },
  });

  it("takes the highest priority, then the first name, never an internal network", () => {
    expect(chooseGateway([way("beta"), way("alpha")])?.network.name).toBe("alpha");
    expect(chooseGateway([way("beta", 1), way("alpha")])?.network.name).toBe("beta");
    expect(chooseGateway([way("beta"), way("alpha", 9, { internal: true })])?.network.name).toBe("beta");
    expect(chooseGateway([way("alpha", 0, { internal: true })])).toBeUndefined();
    expect(chooseGateway([way("host")])).toBeUndefined();
  });
});
