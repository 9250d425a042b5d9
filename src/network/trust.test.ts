import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { NetworkService } from "./service.ts";
import { Guests } from "./testdata/guests.ts";
import { HOST_ADDRESS, HOST_ADDRESS6, IsolatedHost } from "./testdata/isolated-host.ts";

/** What a hostile container does to its network, and what a careless administrator does to its rules (security.md 1.9). */
let host: IsolatedHost;
let networks: NetworkService;
let guests: Guests;

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

beforeAll(async () => {
  host = new IsolatedHost();
  host.plugIn();
  networks = await host.service();
  await networks.restore(new Set());
  guests = new Guests(host, networks);
  await networks.create({ Name: "dual", EnableIPv6: true });
  await networks.create({ Name: "single", EnableIPv6: false });
  await networks.create({ Name: "apart", Options: { "com.docker.network.bridge.enable_icc": "false" } });
  await networks.create({ Name: "inner", Internal: true });
  await guests.run("internal", { mode: "inner", portBindings: { "80/tcp": [{ HostPort: "" }] } });
  await guests.run("published", { mode: "dual", portBindings: { "80/tcp": [{ HostPort: "" }] } });
  await guests.run("peer", { mode: "dual" });
  await guests.run("plain", { mode: "single" });
  await guests.run("spoofer", { mode: "apart" });
  await guests.run("victim", { mode: "apart" });
  host.run(host.neighbour, "ip", "route", "add", "172.16.0.0/12", "via", HOST_ADDRESS);
  host.run(host.neighbour, "ip", "-6", "route", "add", "fc00::/7", "via", HOST_ADDRESS6);
});

afterAll(async () => {
  host.stopServers();
  await networks.teardown();
  host.assertClean();
  await host.end();
});

const netns = (id: string): string => guests.netns(id);

describe("CVE-2020-13401, CVE-2020-10749, CVE-2024-32473: IPv6 that nobody asked for", () => {
  it("is off inside where the network has none, and on its bridge", () => {
    const off = (namespace: string, name: string): string =>
      host.run(namespace, "cat", `/proc/sys/net/ipv6/conf/${name}/disable_ipv6`).trim();
    const bridge = `${host.instance.vethPrefix}b${networks.inspect("single").network.id.slice(0, 8)}`;
    expect([off(netns("plain"), "eth0"), off(host.host, bridge)]).toEqual(["1", "1"]);
  });

  it("does not come by a router advertisement of a container: routes and addresses of the host and its neighbours stay", () => {
    const tables = (): string[] =>
      [host.host, netns("peer")].flatMap((namespace) => [
        host.run(namespace, "ip", "-6", "route"),
        host.run(namespace, "ip", "-o", "-6", "address").replaceAll(/\s+valid_lft.*/g, ""),
      ]);
    const before = tables();
    // A default router, and a prefix to take addresses of, to everybody on the link.
    const advertisement = [
      "import socket, struct, ipaddress",
      "s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)",
      "s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)",
      "prefix = struct.pack('!BBBBIII', 3, 4, 64, 0xC0, 86400, 14400, 0) + ipaddress.ip_address('2001:db8:bad::').packed",
      "[s.sendto(struct.pack('!BBHBBHII', 134, 0, 0, 64, 0, 1800, 0, 0) + prefix, ('ff02::1', 0, 0, socket.if_nametoindex('eth0'))) for _ in range(3)]",
    ];
    host.run(netns("published"), "python3", "-c", advertisement.join("; "));
    // Something that comes after it on the same wire has been answered: so was it seen.
    expect(host.fetch(netns("peer"), `[${guests.endpoint("published").GlobalIPv6Address}]`)).toBe("this is published");
    expect(tables()).toEqual(before);
  });
});

describe("ARP/NDP spoofing on a network whose containers are kept apart (enable_icc=false)", () => {
  it("does not reach the neighbour: it knows the gateway by the bridge's own address still", () => {
    const gateway = guests.endpoint("victim").Gateway ?? "";
    host.fetch(netns("victim"), gateway);
    const known = (): string => /lladdr (\S+)/.exec(host.run(netns("victim"), "ip", "neighbour", "show", gateway))?.[1] ?? "";
    const before = known();
    expect(before).not.toBe("");
    const claim = `busybox arping -U -c 2 -w 2 -I eth0 -s ${gateway} ${gateway} || true`;
    // The address is taken on for it, as a program with raw sockets would not have to.
    host.run(netns("spoofer"), "sh", "-c", `ip addr add ${gateway}/32 dev eth0; ${claim}; ip addr del ${gateway}/32 dev eth0`);
    expect(known()).toBe(before);
  });
});

describe("P30, CVE-2024-29018: an internal network", () => {
  it("has no way out over either family, and nothing published", () => {
    expect([host.run(netns("internal"), "ip", "route"), host.run(netns("internal"), "ip", "-6", "route")].join("")).not.toContain(
      "default",
    );
    expect(guests.view("internal")?.ports).toEqual({ "80/tcp": null });
  });

  it("does not reach services of the host by its gateway, nor ports that others publish, over either family", async () => {
    const server = "require('http').createServer((q, r) => r.end('the host')).listen(8125, '::')";
    host.start(host.host, process.execPath, "-e", server);
    const { network } = networks.inspect("inner");
    const gateways = [network.ipam?.gateway ?? "", `[${network.ipam6?.gateway}]`];
    await expect.poll(() => gateways.map((gateway) => host.fetch(host.host, `${gateway}:8125`))).toEqual(["the host", "the host"]);
    for (const port of ["8125", guests.hostPort("published")]) {
      expect(gateways.map((gateway) => host.fetch(netns("internal"), `${gateway}:${port}`))).toEqual(["blocked", "blocked"]);
    }
  });
});

describe("P29, CVE-2025-54388, CVE-2025-54410: nft flush ruleset with running containers", () => {
  const outside = (): string[] => [
    host.fetch(host.neighbour, `${HOST_ADDRESS}:${guests.hostPort("published")}`),
    host.fetch(host.neighbour, `[${HOST_ADDRESS6}]:${guests.hostPort("published")}`),
    host.fetch(host.neighbour, guests.endpoint("peer").IPAddress ?? ""),
    host.fetch(host.neighbour, `[${guests.endpoint("peer").GlobalIPv6Address}]`),
    host.fetch(netns("plain"), guests.endpoint("peer").IPAddress ?? ""),
  ];
  const asItShouldBe = ["this is published", "this is published", "blocked", "blocked", "blocked"];

  it("isolation and published ports of both families are back within five seconds", async () => {
    await networks.close();
    networks = await host.service({ verifyEveryMs: 3000 });
    await networks.restore(new Set(["published", "peer", "plain", "spoofer", "victim", "internal"]));
    expect(outside()).toEqual(asItShouldBe);
    host.run(host.host, "nft", "flush", "ruleset");
    const present = (): string => host.run(host.host, "nft", "list", "tables");
    // Far more than a machine under load needs beside the three seconds between two looks.
    await expect.poll(present, { timeout: 15_000 }).toContain(`inet ${host.instance.nftTable}`);
    expect(outside()).toEqual(asItShouldBe);
  });
});
