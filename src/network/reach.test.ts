import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { NetworkService } from "./service.ts";
import { Guests } from "./testdata/guests.ts";
import { HOST_ADDRESS, IsolatedHost } from "./testdata/isolated-host.ts";

/** Who reaches what: from the host, a neighbour on the same wire, a container and its neighbours (security.md 1.9, lan.sh). */
let host: IsolatedHost;
let networks: NetworkService;
let guests: Guests;

const netns = (id: string): string => guests.netns(id);
const addressOf = (id: string): string => guests.endpoint(id).IPAddress ?? "";
const portOf = (id: string, key = "80/tcp"): string => guests.hostPort(id, key);

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

beforeAll(async () => {
  host = new IsolatedHost();
  host.plugIn();
  networks = await host.service();
  await networks.restore(new Set());
  guests = new Guests(host, networks);
  await networks.create({ Name: "other" });
  await networks.create({ Name: "inner", Internal: true });
  await guests.run("everywhere", { portBindings: { "80/tcp": [{ HostPort: "" }] } });
  await guests.run("loopback", { portBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] } });
  await guests.run("unpublished", {});
  await guests.run("elsewhere", { mode: "other" });
  await guests.run("internal", { mode: "inner", portBindings: { "80/tcp": [{ HostPort: "" }] } });
  host.run(host.neighbour, "ip", "route", "add", "172.16.0.0/12", "via", HOST_ADDRESS);
  const hostile = "ip addr del 127.0.0.1/8 dev lo; sysctl -qw net.ipv4.conf.all.route_localnet=1";
  host.run(host.neighbour, "sh", "-c", `${hostile}; ip route add 127.0.0.1/32 via ${HOST_ADDRESS}`);
});

afterAll(async () => {
  host.stopServers();
  await networks.teardown();
  host.assertClean();
  await host.end();
});

describe("P28, lan.sh over IPv4: a neighbour of the host", () => {
  it.each<[string, () => string, string]>([
    ["a published port on the host's address", () => `${HOST_ADDRESS}:${portOf("everywhere")}`, "this is everywhere"],
    ["a port published on loopback, by the host's address", () => `${HOST_ADDRESS}:${portOf("loopback")}`, "blocked"],
    ["a port published on loopback, as 127.0.0.1 on the wire", () => `127.0.0.1:${portOf("loopback")}`, "blocked"],
    ["a port published everywhere, as 127.0.0.1 on the wire", () => `127.0.0.1:${portOf("everywhere")}`, "blocked"],
    ["a container that is published on loopback, by its own address", () => addressOf("loopback"), "blocked"],
    ["a container that is published everywhere, by its own address", () => addressOf("everywhere"), "blocked"],
    ["a container that is not published", () => addressOf("unpublished"), "blocked"],
    ["a container on another network", () => addressOf("elsewhere"), "blocked"],
    ["a container on an internal network", () => addressOf("internal"), "blocked"],
  ])("and %s", (_what, url, expected) => {
    expect(host.fetch(host.neighbour, url())).toBe(expected);
  });

  it("does not get at loopback even where somebody turned route_localnet on for all interfaces", () => {
    const everywhere = "/proc/sys/net/ipv4/conf/all/route_localnet";
    host.run(host.host, "sh", "-c", `echo 1 > ${everywhere}`);
    expect(host.fetch(host.neighbour, `127.0.0.1:${portOf("loopback")}`)).toBe("blocked");
    host.run(host.host, "sh", "-c", `echo 0 > ${everywhere}`);
  });
});

describe("the host", () => {
  it.each<[string, () => string, string]>([
    ["a published port on loopback", () => `127.0.0.1:${portOf("everywhere")}`, "this is everywhere"],
    ["a published port on its own address", () => `${HOST_ADDRESS}:${portOf("everywhere")}`, "this is everywhere"],
    ["a port published on loopback", () => `127.0.0.1:${portOf("loopback")}`, "this is loopback"],
    ["a port published on loopback, by another address", () => `${HOST_ADDRESS}:${portOf("loopback")}`, "blocked"],
    ["a container by its own address", () => addressOf("unpublished"), "this is unpublished"],
    ["an internal container by its own address", () => addressOf("internal"), "this is internal"],
  ])("and %s", (_what, url, expected) => {
    expect(host.fetch(host.host, url())).toBe(expected);
  });
});

describe("a container", () => {
  it.each<[string, string, () => string, string]>([
    ["another on its network", "unpublished", () => addressOf("everywhere"), "this is everywhere"],
    [
      "another's published port, by the host's address",
      "unpublished",
      () => `${HOST_ADDRESS}:${portOf("everywhere")}`,
      "this is everywhere",
    ],
    ["its own published port, by the host's address", "everywhere", () => `${HOST_ADDRESS}:${portOf("everywhere")}`, "this is everywhere"],
    ["its own published port, by the gateway", "everywhere", () => `172.17.0.1:${portOf("everywhere")}`, "this is everywhere"],
    ["a published port from another network", "elsewhere", () => `${HOST_ADDRESS}:${portOf("everywhere")}`, "this is everywhere"],
    ["a port published on the host's loopback", "unpublished", () => `${HOST_ADDRESS}:${portOf("loopback")}`, "blocked"],
    ["a container on another network", "unpublished", () => addressOf("elsewhere"), "blocked"],
    ["a container on another network, though it is published", "elsewhere", () => addressOf("everywhere"), "blocked"],
    ["the outside from an internal network", "internal", () => `${HOST_ADDRESS}:${portOf("everywhere")}`, "blocked"],
    ["an internal network from another", "unpublished", () => addressOf("internal"), "blocked"],
  ])("and %s", (_what, from, url, expected) => {
    expect(host.fetch(netns(from), url())).toBe(expected);
  });

  it("reaches a service of the neighbour under the host's address, and is answered", () => {
    host.run(host.neighbour, "ip", "addr", "add", "127.0.0.1/8", "dev", "lo");
    host.serve(host.neighbour, "outside", 8000);
    return expect.poll(() => host.fetch(netns("unpublished"), "198.51.100.20:8000")).toBe("outside");
  });

  it("publishes nothing from an internal network", () => {
    expect(guests.view("internal")?.ports).toEqual({ "80/tcp": null });
  });

  it("on an internal network does not reach a service of the host, even by its gateway", async () => {
    host.serve(host.host, "the host's own", 8123);
    await expect.poll(() => host.fetch(netns("unpublished"), "172.17.0.1:8123")).toBe("the host's own");
    const gateway = networks.inspect("inner").network.ipam?.gateway;
    expect(host.fetch(netns("internal"), `${gateway}:8123`)).toBe("blocked");
  });

  it("does not reach the host's loopback by sending to 127.0.0.1 over the bridge (P31, CVE-2020-8558)", async () => {
    host.serve(host.host, "the host's loopback", "127.0.0.1:8124");
    await expect.poll(() => host.fetch(host.host, "127.0.0.1:8124")).not.toBe("blocked");
    const hostile =
      "ip addr del 127.0.0.1/8 dev lo; sysctl -qw net.ipv4.conf.all.route_localnet=1; ip route add 127.0.0.1/32 via 172.17.0.1";
    host.run(netns("unpublished"), "sh", "-c", hostile);
    expect(host.fetch(netns("unpublished"), "127.0.0.1:8124")).toBe("blocked");
    // The attack is a real one: without the rule it succeeds.
    host.run(host.host, "nft", "flush", "chain", "inet", host.instance.nftTable, "raw");
    expect(host.fetch(netns("unpublished"), "127.0.0.1:8124")).not.toBe("blocked");
  });
});
