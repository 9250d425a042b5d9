import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Drain } from "../sandbox/drain.ts";
import { silentLogger } from "#lib/logger.ts";
import type { Network } from "../record/network.ts";
import { IsolatedHost } from "../testdata/isolated-host.ts";
import { hostDriver, nullDriver } from "./bare.ts";
import { BridgeDriver } from "./bridge.ts";
import { SharedDriver } from "./shared.ts";
import type { NetworkDriver } from "./contract.ts";
import { type DriverUnderTest, driverSuite } from "./contract.suite.ts";

let host: IsolatedHost;
let drain: Drain;

beforeAll(() => {
  host = new IsolatedHost();
  drain = new Drain({ links: host.worker, logger: silentLogger });
});

afterAll(async () => {
  host.assertClean();
  await host.end();
});

const base = { created: "", internal: false, attachable: false, labels: {}, options: {} };
const bridgeNetwork: Network = {
  ...base,
  id: "0123456789abcdef".repeat(4),
  name: "suite",
  driver: "bridge",
  ipam: { subnet: "10.213.7.0/29", gateway: "10.213.7.1", auxiliary: { router: "10.213.7.2" }, chosenBy: "user" },
};

function under(driver: NetworkDriver, network: Network): DriverUnderTest {
  return {
    driver,
    network,
    makeNamespace: async (name) => {
      const path = join(host.folder, "netns", name);
      await host.worker.createNamespace(path, {});
      return path;
    },
    endNamespace: async (path, link) => {
      await host.worker.removeNamespace(path);
      if (link?.hostName !== undefined) await drain.gone([link.hostName]);
    },
    addressesIn: (path) =>
      [...host.run(path, "ip", "-o", "address", "show", "scope", "global").matchAll(/ inet6? ([^/]+)\//g)].map(
        ([, address = ""]) => address,
      ),
    interfacesIn: (path) => {
      const lines = host.run(path, "ip", "-br", "link").split("\n");
      return lines.map((line) => line.split(/[@ ]/)[0] ?? "").filter((name) => name !== "" && name !== "lo");
    },
    residue: () => host.residue(),
  };
}

const bridge = () => new BridgeDriver({ links: host.worker }, { instance: host.instance, mtu: 1500, hostIp: "0.0.0.0" });

const shared = (kind: "macvlan" | "ipvlan") => new SharedDriver({ links: host.worker }, { kind, instance: host.instance });
const ipam6: Network["ipam6"] = { subnet: "fd00:213:7::/64", gateway: "fd00:213:7::1", auxiliary: {}, chosenBy: "user" };
const options = { "com.docker.network.bridge.enable_icc": "false" };

driverSuite("bridge", () => under(bridge(), bridgeNetwork));
driverSuite("bridge with IPv6, isolated", () => under(bridge(), { ...bridgeNetwork, ipam6, options }));
driverSuite("macvlan", () => under(shared("macvlan"), { ...bridgeNetwork, driver: "macvlan", ipam6 }));
// What the kernel of this machine has not, `ip` cannot make either.
const hasIpvlan = spawnSync("sh", ["-c", "zgrep -q ^CONFIG_IPVLAN=. /proc/config.gz || modinfo ipvlan"], { stdio: "ignore" }).status === 0;
if (hasIpvlan) {
  const options = { ipvlan_mode: "l3" };
  driverSuite("ipvlan", () => under(shared("ipvlan"), { ...bridgeNetwork, driver: "ipvlan", ipam6, options }));
}
driverSuite("host", () => under(hostDriver, { ...base, id: "h", name: "host", driver: "host", ipam: undefined }));
driverSuite("null", () => under(nullDriver, { ...base, id: "n", name: "none", driver: "null", ipam: undefined }));

describe("bridge driver", () => {
  const reserve = (driver: BridgeDriver, address?: string, network = bridgeNetwork) =>
    driver.reserve(network, { endpointId: "ab".repeat(32), name: "eth0", address, mac: undefined });

  it("keeps the gateway and the user's own addresses, and says when nothing is left", () => {
    const driver = bridge();
    expect(["", "", "", ""].map(() => reserve(driver).address)).toEqual(["10.213.7.3", "10.213.7.4", "10.213.7.5", "10.213.7.6"]);
    expect(() => reserve(driver)).toThrow(
      expect.objectContaining({
        category: "exhausted",
        message: `no available IPv4 addresses on this network's address pools: suite (${bridgeNetwork.id})`,
      }),
    );
  });

  it("gives an address of the user's choice, of this network and to one alone", () => {
    const driver = bridge();
    expect(reserve(driver, "10.213.7.5")).toMatchObject({ address: "10.213.7.5", mac: "02:42:0a:d5:07:05", prefixLength: 29 });
    expect(() => reserve(driver, "10.213.7.5")).toThrow(
      expect.objectContaining({ category: "forbidden", message: "Address already in use" }),
    );
    expect(() => reserve(driver, "10.213.8.5")).toThrow("no configured subnet contains IP address 10.213.8.5");
    expect(() => reserve(driver, "nonsense")).toThrow("invalid IPv4 address: nonsense");
  });

  it("has no way out of an internal network, and names interfaces by the instance", () => {
    expect(reserve(bridge(), undefined, { ...bridgeNetwork, internal: true }).gateway).toBeUndefined();
    expect(reserve(bridge()).hostName).toBe(`${host.instance.vethPrefix}abababab`);
    expect(reserve(bridge()).bridge).toBe(`${host.instance.vethPrefix}b01234567`);
  });

  it("takes an MTU, a name and masquerading from the network's options", () => {
    const options = {
      "com.docker.network.driver.mtu": "1400",
      "com.docker.network.bridge.name": "custom0",
      "com.docker.network.bridge.enable_ip_masquerade": "false",
    };
    expect(reserve(bridge(), undefined, { ...bridgeNetwork, options })).toMatchObject({ mtu: 1400, bridge: "custom0" });
    expect(bridge().rules({ ...bridgeNetwork, options })).toMatchObject({
      bridge: "custom0",
      internal: false,
      subnets: [{ subnet: "10.213.7.0/29", source: "own" }],
    });
  });
});
