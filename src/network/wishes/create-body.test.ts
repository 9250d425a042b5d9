import { describe, expect, it } from "vitest";
import type { IPAMConfig, NetworkCreateBody } from "#spec/docker-api/types.ts";
import { readCreateBody } from "./create-body.ts";
import { OPEN } from "./ipam-wish.ts";

const withIpam = (config: IPAMConfig): NetworkCreateBody => ({ Name: "n", IPAM: { Config: [config] } });

describe("readCreateBody", () => {
  it("reads what there is and leaves the rest open", () => {
    expect(readCreateBody({ Name: "web" })).toEqual({
      name: "web",
      driver: "bridge",
      internal: false,
      attachable: false,
      labels: {},
      options: {},
      ipam: { ipv4: OPEN, ipv6: undefined, more: [] },
    });
    const body: NetworkCreateBody = {
      Name: "web",
      Driver: "bridge",
      Internal: true,
      Attachable: true,
      EnableIPv4: true,
      Labels: { a: "b" },
      Options: { "com.docker.network.driver.mtu": "1400", "com.docker.network.bridge.enable_icc": "true" },
      IPAM: {
        Driver: "default",
        Config: [{ Subnet: "10.5.0.0/16", IPRange: "10.5.3.0/24", Gateway: "10.5.0.1", AuxiliaryAddresses: { router: "10.5.0.2" } }],
      },
    };
    expect(readCreateBody(body)).toMatchObject({
      internal: true,
      attachable: true,
      labels: { a: "b" },
      options: { "com.docker.network.driver.mtu": "1400", "com.docker.network.bridge.enable_icc": "true" },
      ipam: { ipv4: { subnet: "10.5.0.0/16", gateway: "10.5.0.1", range: "10.5.3.0/24", auxiliary: { router: "10.5.0.2" } } },
    });
  });

  it.each(["", " ", "../x", "a/b", "a\0b", "-x", "__proto__", "ä", "x".repeat(300), "a;b", "$(id)"])("refuses the name %j", (Name) => {
    expect(() => readCreateBody({ Name })).toThrow(expect.objectContaining({ category: "invalid" }));
  });

  it.each<[NetworkCreateBody, string, unknown]>([
    [{ Name: "n", Driver: "nosuch" }, "not-found", 'plugin "nosuch" not found'],
    [{ Name: "n", Driver: "overlay" }, "not-implemented", "network driver overlay is not implemented"],
    [{ Name: "n", Driver: "host" }, "forbidden", 'only one instance of "host" network is allowed'],
    [{ Name: "n", EnableIPv4: false }, "not-implemented", "network setting EnableIPv4 is not implemented"],
    [{ Name: "n", Ingress: true }, "not-implemented", "network setting Ingress is not implemented"],
    [{ Name: "n", ConfigOnly: true, Attachable: true }, "forbidden", expect.stringContaining("can only contain network specific fields")],
    [{ Name: "n", ConfigOnly: true, Options: { "x.y": "z" } }, "not-implemented", "network option x.y=z is not implemented"],
    [
      { Name: "n", Options: { "com.docker.network.bridge.gateway_mode_ipv6": "isolated" } },
      "invalid",
      "gateway mode 'isolated' can only be used for an internal network",
    ],
    [{ Name: "n", Scope: "swarm" }, "not-implemented", "network setting Scope is not implemented"],
    [{ Name: "n", Options: { "x.y": "z" } }, "not-implemented", "network option x.y=z is not implemented"],
    [{ Name: "n", Options: { constructor: "z" } }, "not-implemented", "network option constructor=z is not implemented"],
    [{ Name: "n", Options: { parent: "eth0" } }, "not-implemented", "network option parent=eth0 is not implemented"],
    [
      { Name: "n", Driver: "ipvlan", Options: { "com.docker.network.bridge.enable_icc": "false" } },
      "not-implemented",
      "network option com.docker.network.bridge.enable_icc=false is not implemented",
    ],
    [{ Name: "n", Driver: "ipvlan", Options: { ipvlan_mode: "l4" } }, "invalid", 'invalid value of network option ipvlan_mode: "l4"'],
    [{ Name: "n", Driver: "macvlan", Options: { parent: "../x" } }, "invalid", 'invalid value of network option parent: "../x"'],
    [
      { Name: "n", Options: { "com.docker.network.bridge.name": "--help" } },
      "invalid",
      'invalid value of network option com.docker.network.bridge.name: "--help"',
    ],
    [{ Name: "n", IPAM: { Driver: "dhcp" } }, "not-implemented", "IPAM driver dhcp is not implemented"],
    [
      { Name: "n", IPAM: { Config: [{ Subnet: "10.5.0.0/24" }, {}] } },
      "invalid",
      "invalid network config:\nof several subnets each has to be given",
    ],
    [
      { Name: "n", IPAM: { Config: [{ Subnet: "10.5.0.0/16" }, { Subnet: "10.5.3.0/24" }] } },
      "invalid",
      "invalid network config:\nsubnets 10.5.0.0/16 and 10.5.3.0/24 overlap",
    ],
    [
      { Name: "n", EnableIPv6: false, IPAM: { Config: [{ Subnet: "fd00:1::/64" }] } },
      "invalid",
      "invalid network config:\nIPv6 subnet fd00:1::/64 on a network with EnableIPv6 false",
    ],
  ])("refuses %j", (body, category, message) => {
    expect(() => readCreateBody(body)).toThrow(expect.objectContaining({ category, message }));
  });

  it.each<[IPAMConfig, string]>([
    [{ Subnet: "nonsense" }, "invalid subnet nonsense: invalid CIDR block notation"],
    [{ Subnet: "10.0.0.1/24" }, "invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24"],
    [{ Subnet: "0.0.0.0/0" }, "invalid subnet 0.0.0.0/0: want a prefix length of 8 to 30"],
    [{ Subnet: "10.0.0.0/31" }, "invalid subnet 10.0.0.0/31: want a prefix length of 8 to 30"],
    [{ Subnet: "10.0.0.0/24", Gateway: "10.0.1.1" }, "invalid gateway 10.0.1.1: parent subnet 10.0.0.0/24 doesn't contain this address"],
    [
      { Subnet: "10.0.0.0/24", Gateway: "10.0.0.255" },
      "invalid gateway 10.0.0.255: parent subnet 10.0.0.0/24 doesn't contain this address",
    ],
    [
      { Subnet: "10.0.0.0/24", AuxiliaryAddresses: { a: "10.1.0.1" } },
      "invalid auxiliary address a: parent subnet 10.0.0.0/24 doesn't contain this address",
    ],
    [
      { Subnet: "10.0.0.0/24", IPRange: "10.0.0.0/16" },
      "invalid ip-range 10.0.0.0/16: CIDR block is bigger than its parent subnet 10.0.0.0/24",
    ],
    [{ Subnet: "10.0.0.0/24", IPRange: "10.0.0.1/25" }, "invalid ip-range 10.0.0.1/25: it should be 10.0.0.0/25"],
    [{ Subnet: "10.0.0.0/24", IPRange: "10.0.1.0/25" }, "invalid ip-range 10.0.1.0/25: parent subnet 10.0.0.0/24 doesn't contain ip-range"],
    [{ Subnet: "fd00:1::1/64" }, "invalid subnet fd00:1::1/64: it should be fd00:1::/64"],
    [{ Subnet: "fd00::/8" }, "invalid subnet fd00::/8: want a prefix length of 16 to 126"],
    [{ Subnet: "fd00:1::/64", Gateway: "10.0.0.1" }, "invalid gateway 10.0.0.1: parent subnet fd00:1::/64 doesn't contain this address"],
    [{ Subnet: "fd00:1::/64", Gateway: "fd00:1::" }, "invalid gateway fd00:1::: parent subnet fd00:1::/64 doesn't contain this address"],
    [{ Subnet: "10.0.0.0/24", IPRange: "x" }, "invalid ip-range x: invalid CIDR block notation"],
    [{ Gateway: "10.0.0.1" }, "invalid subnet: a gateway, an ip-range or an auxiliary address needs the subnet it is of"],
  ])("refuses %j", (config, message) => {
    expect(() => readCreateBody(withIpam(config))).toThrow(
      expect.objectContaining({ category: "invalid", message: `invalid network config:\n${message}` }),
    );
  });

  it("says everything that is wrong at once", () => {
    const attempt = () => readCreateBody(withIpam({ Subnet: "10.0.0.1/24", Gateway: "10.9.0.1" }));
    expect(attempt).toThrow(/should be 10.0.0.0\/24\ninvalid gateway/);
  });

  it("has IPv6 where it is asked for, by a word, a subnet or the daemon's configuration, and not where it is refused", () => {
    const subnet = withIpam({ Subnet: "fd00:1::/64", Gateway: "fd00:1::9" });
    expect(readCreateBody(subnet).ipam).toMatchObject({ ipv4: OPEN, ipv6: { subnet: "fd00:1::/64", gateway: "fd00:1::9" } });
    expect(readCreateBody({ Name: "n", EnableIPv6: true }).ipam.ipv6).toEqual(OPEN);
    const defaults = { options: { bridge: { "com.docker.network.enable_ipv6": "true" } } };
    expect(readCreateBody({ Name: "n" }, defaults).ipam.ipv6).toEqual(OPEN);
    expect(readCreateBody({ Name: "n", EnableIPv6: false }, defaults).ipam.ipv6).toBeUndefined();
    expect(readCreateBody({ Name: "n", Driver: "macvlan" }, defaults).ipam.ipv6).toBeUndefined();
  });

  it("has IPv6 on a bridge that does not say, where the daemon is of two stacks", () => {
    const of = (body: NetworkCreateBody, options = {}) => readCreateBody({ Name: "n", ...body }, { dualStack: true, options }).ipam.ipv6;
    const off = { "com.docker.network.enable_ipv6": "false" };
    expect(of({})).toEqual(OPEN);
    expect(of({ IPAM: { Config: [{ Subnet: "10.5.0.0/24" }] } })).toEqual(OPEN);
    expect(of({ Driver: "macvlan" })).toBeUndefined();
    expect(of({ EnableIPv6: false })).toBeUndefined();
    expect(of({ Options: off })).toBeUndefined();
    expect(of({}, { bridge: off })).toBeUndefined();
    expect(of({ EnableIPv6: true }, { bridge: off })).toEqual(OPEN);
  });

  it("takes several subnets of one family, in their order", () => {
    const Config = [{ Subnet: "10.5.1.0/24" }, { Subnet: "fd00:1::/64" }, { Subnet: "10.5.2.0/24", Gateway: "10.5.2.9" }];
    expect(readCreateBody({ Name: "n", IPAM: { Config } }).ipam).toMatchObject({
      ipv4: { subnet: "10.5.1.0/24" },
      ipv6: { subnet: "fd00:1::/64" },
      more: [{ subnet: "10.5.2.0/24", gateway: "10.5.2.9" }],
    });
  });

  it("keeps what a configuration says for the networks made from it, options of any driver included", () => {
    const Options = { parent: "eth0.10" };
    const IPAM = { Config: [{ Subnet: "10.5.1.0/24" }] };
    expect(readCreateBody({ Name: "n", ConfigOnly: true, Options, IPAM, Labels: { a: "b" } }, { dualStack: true })).toMatchObject({
      driver: "null",
      options: Options,
      labels: { a: "b" },
      configuration: { IPAM },
      ipam: { ipv4: undefined, ipv6: undefined, more: [] },
    });
  });

  it("knows the options of each driver", () => {
    const Options = { parent: "eth0.10", macvlan_mode: "private" };
    expect(readCreateBody({ Name: "n", Driver: "macvlan", Options })).toMatchObject({
      driver: "macvlan",
      internal: false,
      options: Options,
    });
    expect(readCreateBody({ Name: "n", Driver: "macvlan" })).toMatchObject({ internal: true });
  });
});
