import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { NetworkService } from "./service.ts";
import { Guests } from "./testdata/guests.ts";
import { HOST_ADDRESS6, IsolatedHost, NEIGHBOUR_ADDRESS6, request } from "./testdata/isolated-host.ts";

/** As reach.test.ts, over IPv6: no row may be weaker than its IPv4 one. */
let host: IsolatedHost;
let networks: NetworkService;
let guests: Guests;

const netns = (id: string): string => guests.netns(id);
const endpointOf = (id: string) => guests.endpoint(id);
const addressOf = (id: string): string => `[${endpointOf(id).GlobalIPv6Address}]`;
const portOf = (id: string): string => guests.hostPort(id);
const HOST = `[${HOST_ADDRESS6}]`;

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

beforeAll(async () => {
  host = new IsolatedHost();
  host.plugIn();
  networks = await host.service();
  await networks.restore(new Set());
  guests = new Guests(host, networks);
  await networks.create({ Name: "dual", EnableIPv6: true });
  await networks.create({ Name: "other", EnableIPv6: true });
  await networks.create({ Name: "inner", EnableIPv6: true, Internal: true });
  await networks.create({
    Name: "bare",
    EnableIPv6: true,
    Options: { "com.docker.network.bridge.gateway_mode_ipv6": "nat-unprotected" },
  });
  const anywhere = { "80/tcp": [{ HostPort: "" }] };
  await guests.run("everywhere", { mode: "dual", portBindings: anywhere });
  await guests.run("loopback", { mode: "dual", portBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] } });
  await guests.run("unpublished", { mode: "dual" });
  await guests.run("elsewhere", { mode: "other" });
  await guests.run("internal", { mode: "inner", portBindings: anywhere });
  await guests.run("open", { mode: "bare" });
  host.run(host.neighbour, "ip", "-6", "route", "add", "fc00::/7", "via", HOST_ADDRESS6);
});

afterAll(async () => {
  host.stopServers();
  await networks.teardown();
  host.assertClean();
  await host.end();
});

it("gives each network a subnet of the host's own, and each container an address, a gateway and a name in it", () => {
  const { network, containers } = networks.inspect("dual");
  expect(network.ipam6?.subnet).toMatch(/^fd[0-9a-f:]+::\/64$/);
  const { GlobalIPv6Address, GlobalIPv6PrefixLen, IPv6Gateway } = endpointOf("everywhere");
  expect([GlobalIPv6PrefixLen, IPv6Gateway]).toEqual([64, network.ipam6?.gateway]);
  expect(containers.map(({ endpoint }) => endpoint.link?.ipv6?.address)).toContain(GlobalIPv6Address);
  expect(guests.view("everywhere")?.files.hosts).toMatch(/^::1\tlocalhost/m);
  expect(guests.view("everywhere")?.files.hosts).toContain(GlobalIPv6Address);
  expect(guests.view("everywhere")?.ports["80/tcp"]?.map(({ HostIp }) => HostIp)).toEqual(["0.0.0.0", "::"]);
});

describe("P28, lan.sh over IPv6: a neighbour of the host", () => {
  it.each<[string, () => string, string]>([
    ["a published port on the host's address", () => `${HOST}:${portOf("everywhere")}`, "this is everywhere"],
    ["a port published on loopback, by the host's address", () => `${HOST}:${portOf("loopback")}`, "blocked"],
    ["a container that is published on loopback, by its own address", () => addressOf("loopback"), "blocked"],
    ["a container that is published everywhere, by its own address", () => addressOf("everywhere"), "blocked"],
    ["a container that is not published", () => addressOf("unpublished"), "blocked"],
    ["a container on another network", () => addressOf("elsewhere"), "blocked"],
    ["a container on an internal network", () => addressOf("internal"), "blocked"],
    ["a container on a network that was opened", () => addressOf("open"), "this is open"],
  ])("and %s", (_what, url, expected) => {
    expect(host.fetch(host.neighbour, url())).toBe(expected);
  });
});

describe("the host", () => {
  it.each<[string, () => string, string]>([
    ["a published port on its own address", () => `${HOST}:${portOf("everywhere")}`, "this is everywhere"],
    ["a port published on loopback", () => `127.0.0.1:${portOf("loopback")}`, "this is loopback"],
    ["a port published on loopback, by another address", () => `${HOST}:${portOf("loopback")}`, "blocked"],
    ["a container by its own address", () => addressOf("unpublished"), "this is unpublished"],
  ])("and %s", (_what, url, expected) => {
    expect(host.fetch(host.host, url())).toBe(expected);
  });
});

it("refuses the host's own connections to ::1 at once, so that programs go on with 127.0.0.1", () => {
  const port = portOf("everywhere");
  const began = performance.now();
  const resolve = `--resolve localhost:${port}:::1,127.0.0.1`;
  const text = host.run(
    host.host,
    "sh",
    "-c",
    `curl -s --noproxy '*' --happy-eyeballs-timeout-ms 60000 ${resolve} http://localhost:${port}/`,
  );
  expect(text.trim()).toBe("this is everywhere");
  expect(performance.now() - began).toBeLessThan(5000);
});

describe("a container", () => {
  it.each<[string, string, () => string, string]>([
    ["a neighbour on its network", "unpublished", () => addressOf("everywhere"), "this is everywhere"],
    ["itself, by its own published port", "everywhere", () => `${HOST}:${portOf("everywhere")}`, "this is everywhere"],
    [
      "a published port of its network, by the host's address",
      "unpublished",
      () => `${HOST}:${portOf("everywhere")}`,
      "this is everywhere",
    ],
    ["a published port from another network", "elsewhere", () => `${HOST}:${portOf("everywhere")}`, "this is everywhere"],
    ["a container on another network", "unpublished", () => addressOf("elsewhere"), "blocked"],
    ["a container on another network that was opened", "unpublished", () => addressOf("open"), "blocked"],
    ["the host from an internal network", "internal", () => `${HOST}:${portOf("everywhere")}`, "blocked"],
    ["an internal network from another", "unpublished", () => addressOf("internal"), "blocked"],
  ])("and %s", (_what, from, url, expected) => {
    expect(host.fetch(netns(from), url())).toBe(expected);
  });

  it("reaches a service of the neighbour under the host's address, and is answered", () => {
    host.serve(host.neighbour, "outside", 8000);
    return expect.poll(() => host.fetch(netns("unpublished"), `[${NEIGHBOUR_ADDRESS6}]:8000`)).toBe("outside");
  });

  it("has no IPv6, is published by IPv4 alone and has no AAAA where its sysctls turn IPv6 off", async () => {
    await guests.run("tunnel", { mode: "dual", refusesIpv6: true, portBindings: { "80/tcp": [{ HostPort: "" }] } });
    expect(host.run(netns("tunnel"), "ip", "-o", "address")).not.toContain("inet6");
    expect(endpointOf("tunnel")).toMatchObject({ GlobalIPv6Address: "", IPv6Gateway: "" });
    expect(guests.view("tunnel")?.ports["80/tcp"]?.map(({ HostIp }) => HostIp)).toEqual(["0.0.0.0"]);
    const asked = { mode: "dual", refusesIpv6: true, endpoints: { dual: { IPAMConfig: { IPv6Address: "fd00::7" } } } };
    expect(() => networks.validate(request("late", asked))).toThrow(expect.objectContaining({ category: "invalid" }));
  });

  it("has no IPv6 on a network without it", async () => {
    await guests.run("plain", {});
    expect(host.run(netns("plain"), "ip", "-o", "address")).not.toContain("inet6");
  });
});
