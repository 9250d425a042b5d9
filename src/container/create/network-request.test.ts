import { expect, test } from "vitest";
import { parsePortRange, portsOf, publishedPorts } from "../record/container-ports.ts";
import type { Container } from "../record/container.ts";
import { joinedContainer, networkModeOf, networkRequest } from "./network-request.ts";

function containerWith(config: object, hostConfig: object = {}): Container {
  return { id: "aa", name: "web", config, hostConfig, endpoints: { app: { Aliases: ["www"] } } } as unknown as Container;
}

test("a request is what the container's record says", () => {
  const container = containerWith(
    { Hostname: "h", Domainname: "d", ExposedPorts: { "80": {}, "53/udp": {} } },
    {
      NetworkMode: "app",
      PortBindings: { "80": [{ HostPort: "8080" }], "80/tcp": [{ HostPort: "8081" }], "81/tcp": null, "82/tcp": [] },
      PublishAllPorts: true,
      Dns: ["10.0.0.1"],
      ExtraHosts: ["db:10.0.0.2"],
    },
  );
  expect(networkRequest(container)).toEqual({
    containerId: "aa",
    name: "web",
    links: [],
    namesOnDefaultNetwork: true,
    refusesIpv6: false,
    rate: undefined,
    hostname: "h",
    domainname: "d",
    mode: "app",
    endpoints: { app: { Aliases: ["www"] } },
    exposedPorts: ["80/tcp", "53/udp"],
    portBindings: Object.assign(Object.create(null) as object, {
      "80/tcp": [{ HostPort: "8080" }, { HostPort: "8081" }],
      "81/tcp": null,
      "82/tcp": [],
    }),
    publishAllPorts: true,
    dns: ["10.0.0.1"],
    dnsSearch: [],
    dnsOptions: [],
    extraHosts: ["db:10.0.0.2"],
  });
});

test("IPv6 that a sysctl turns off is not asked for", () => {
  const Sysctls = { "net.ipv6.conf.all.disable_ipv6": "1" };
  expect(networkRequest(containerWith({}, { Sysctls })).refusesIpv6).toBe(true);
});

test("a disabled network is none", () => {
  expect(networkRequest(containerWith({ NetworkDisabled: true }, { NetworkMode: "bridge" })).mode).toBe("none");
});

test.each([
  [undefined, "bridge"],
  ["", "bridge"],
  ["default", "bridge"],
  ["host", "host"],
  ["my-net", "my-net"],
])("the mode %j is %s", (mode, expected) => {
  expect(networkModeOf(mode)).toBe(expected);
});

test.each([
  [undefined, undefined],
  ["bridge", undefined],
  ["container:web", "web"],
  ["container:", ""],
])("the mode %j joins %j", (mode, expected) => {
  expect(joinedContainer(mode)).toBe(expected);
});

test.each([
  ["80", { first: 80, last: 80, protocol: "tcp" }],
  ["80/udp", { first: 80, last: 80, protocol: "udp" }],
  ["8000-8010/sctp", { first: 8000, last: 8010, protocol: "sctp" }],
])("the range %s", (text, range) => {
  expect(parsePortRange(text)).toEqual(range);
});

test.each(["", "x", "1-", "2-1", "70000", "1/icmp", "1/tcp/udp", "-1"])("%j is no range", (text) => {
  expect(() => parsePortRange(text)).toThrow(`invalid port ${JSON.stringify(text)}`);
});

test("ports that are exposed, and those that are published or will be", () => {
  const container = containerWith(
    { ExposedPorts: { "80": {}, "53/udp": {}, nonsense: {} } },
    { PortBindings: { "80/tcp": [{}], "81/tcp": [] } },
  );
  expect(portsOf(container)).toEqual([
    { port: 80, protocol: "tcp" },
    { port: 53, protocol: "udp" },
  ]);
  expect(publishedPorts(undefined)).toEqual([]);
  const sandbox = {
    netns: undefined,
    endpoints: {},
    ports: { "9/udp": [{ HostIp: "", HostPort: "1" }], "80/tcp": null },
    files: undefined as never,
  };
  expect(publishedPorts(sandbox)).toEqual([{ port: 1, protocol: "udp" }]);
});
