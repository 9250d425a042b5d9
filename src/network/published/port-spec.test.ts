import { describe, expect, it } from "vitest";
import { planPorts, type PortDemand } from "./port-spec.ts";

const demand = (wishes: Partial<PortDemand>): PortDemand => ({ exposedPorts: [], portBindings: {}, publishAllPorts: false, ...wishes });
const plan = (wishes: Partial<PortDemand>) => planPorts(demand(wishes), { usual: ["0.0.0.0"], hasIpv6: false });

describe("planPorts", () => {
  it("publishes what is bound and shows the rest as exposed", () => {
    const { requests, exposed } = plan({
      exposedPorts: ["80/tcp", "443/tcp"],
      portBindings: { "80/tcp": [{ HostIp: "", HostPort: "8080" }], "53/udp": [{ HostIp: "127.0.0.1", HostPort: "5353" }], "9/tcp": null },
    });
    expect(requests).toEqual([
      { key: "80/tcp", protocol: "tcp", port: 80, hostIps: ["0.0.0.0"], hostPorts: { first: 8080, last: 8080 } },
      { key: "53/udp", protocol: "udp", port: 53, hostIps: ["127.0.0.1"], hostPorts: { first: 5353, last: 5353 } },
    ]);
    expect(exposed).toEqual(["443/tcp", "9/tcp"]);
  });

  it.each(["", "0", undefined])("takes a random port for %j", (HostPort) => {
    expect(plan({ portBindings: { "80/tcp": [{ HostPort }] } }).requests[0]?.hostPorts).toBeUndefined();
  });

  it("reads a range to choose from", () => {
    expect(plan({ portBindings: { "80/tcp": [{ HostPort: "8000-8010" }] } }).requests[0]?.hostPorts).toEqual({ first: 8000, last: 8010 });
  });

  it("takes the daemon's address for bindings without one", () => {
    const { requests } = planPorts(demand({ portBindings: { "80/tcp": [{ HostPort: "1" }, { HostIp: "10.0.0.1", HostPort: "2" }] } }), {
      usual: ["127.0.0.1"],
      hasIpv6: false,
    });
    expect(requests.map(({ hostIps }) => hostIps)).toEqual([["127.0.0.1"], ["10.0.0.1"]]);
  });

  it("takes both families where the container has both, and one where its user names one", () => {
    const bindings = [
      { HostPort: "1" },
      { HostIp: "[fd00:0::1]", HostPort: "2" },
      { HostIp: "0:0::", HostPort: "3" },
      { HostIp: "0.0.0.0" },
    ];
    const { requests } = planPorts(demand({ portBindings: { "80/sctp": bindings } }), { usual: ["0.0.0.0", "::"], hasIpv6: true });
    expect(requests.map(({ protocol, hostIps }) => [protocol, ...hostIps])).toEqual([
      ["sctp", "0.0.0.0", "::"],
      ["sctp", "fd00::1"],
      ["sctp", "::"],
      ["sctp", "0.0.0.0"],
    ]);
  });

  it("refuses IPv6's loopback, which the kernel leads nothing away from", () => {
    const hostIps = { usual: ["0.0.0.0", "::"], hasIpv6: true };
    expect(() => planPorts(demand({ portBindings: { "80/tcp": [{ HostIp: "::1" }] } }), hostIps)).toThrow(/use 127\.0\.0\.1/);
  });

  it("publishes every exposed port that is not bound, when asked to", () => {
    const { requests, exposed } = plan({
      exposedPorts: ["80/tcp", "53/udp"],
      portBindings: { "80/tcp": [{ HostPort: "8080" }] },
      publishAllPorts: true,
    });
    expect(requests.map(({ key, hostPorts }) => [key, hostPorts?.first])).toEqual([
      ["80/tcp", 8080],
      ["53/udp", undefined],
    ]);
    expect(exposed).toEqual([]);
  });

  it.each([
    [
      "80/tcp",
      { HostIp: "::1" },
      "invalid",
      "port 80/tcp cannot be published on ::1: the container has no IPv6 address (network create --ipv6)",
    ],
    ["80/icmp", {}, "invalid", "invalid protocol of port 80/icmp"],
    ["0/tcp", {}, "invalid", "invalid port: 0/tcp"],
    ["65536/tcp", {}, "invalid", "invalid port: 65536/tcp"],
    ["http/tcp", {}, "invalid", "invalid port: http/tcp"],
    ["80/tcp", { HostIp: "300.1.1.1" }, "invalid", "invalid IP address in port binding of 80/tcp: 300.1.1.1"],
    ["80/tcp", { HostPort: "70000" }, "invalid", "invalid host port in port binding of 80/tcp: 70000"],
    ["80/tcp", { HostPort: "9-8" }, "invalid", "invalid host port in port binding of 80/tcp: 9-8"],
    ["80/tcp", { HostPort: "1-2-3" }, "invalid", "invalid host port in port binding of 80/tcp: 1-2-3"],
    ["80/tcp", { HostPort: "-1" }, "invalid", "invalid host port in port binding of 80/tcp: -1"],
  ])("refuses %s %j", (key, binding, category, message) => {
    expect(() => plan({ portBindings: { [key]: [binding] } })).toThrow(expect.objectContaining({ category, message }));
  });

  it("refuses a malformed port that is merely exposed", () => {
    expect(() => plan({ exposedPorts: ["99999/xyz"] })).toThrow("invalid port: 99999/xyz");
  });
});
