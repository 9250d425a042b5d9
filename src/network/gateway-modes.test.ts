import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { NetworkService } from "./service.ts";
import { Guests } from "./testdata/guests.ts";
import { HOST_ADDRESS, HOST_ADDRESS6, IsolatedHost } from "./testdata/isolated-host.ts";

/** Who reaches containers on networks whose gateway is not the usual one, and under which address they leave. */
let host: IsolatedHost;
let networks: NetworkService;
let guests: Guests;

const MODE = ["ipv4", "ipv6"].map((family) => `com.docker.network.bridge.gateway_mode_${family}`);
const inMode = (mode: string) => Object.fromEntries(MODE.map((option) => [option, mode]));
const addressesOf = (id: string): string[] => [guests.endpoint(id).IPAddress ?? "", `[${guests.endpoint(id).GlobalIPv6Address}]`];
const fetchAll = (netns: string, id: string, port = 80): string[] => addressesOf(id).map((to) => host.fetch(netns, `${to}:${port}`));
const both = (text: string): string[] => [text, text];

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

beforeAll(async () => {
  host = new IsolatedHost();
  host.plugIn();
  networks = await host.service();
  await networks.restore(new Set());
  guests = new Guests(host, networks);
  const Config = [{ Subnet: "10.213.60.0/24" }, { Subnet: "fd00:d0:60::/64" }];
  await networks.create({ Name: "routed", Options: inMode("routed"), IPAM: { Config } });
  await networks.create({ Name: "sealed", Internal: true, Options: inMode("isolated") });
  await networks.create({ Name: "plain" });
  await guests.run("open", { mode: "routed", portBindings: { "80/tcp": [{ HostPort: "18080" }] } });
  host.serve(guests.netns("open"), "unpublished", 81);
  await guests.run("quiet", { mode: "routed" });
  await guests.run("sealed-1", { mode: "sealed" });
  await guests.run("sealed-2", { mode: "sealed" });
  await guests.run("guest", { mode: "plain" });
  host.run(host.neighbour, "ip", "route", "add", "10.213.60.0/24", "via", HOST_ADDRESS);
  host.run(host.neighbour, "ip", "-6", "route", "add", "fd00:d0:60::/64", "via", HOST_ADDRESS6);
});

afterAll(async () => {
  host.stopServers();
  await networks.teardown();
  host.assertClean();
  await host.end();
});

describe("routed", () => {
  it("opens a published port at the container's own addresses, and nothing else", () => {
    expect(fetchAll(host.neighbour, "open")).toEqual(both("this is open"));
    expect(fetchAll(host.neighbour, "open", 81)).toEqual(both("blocked"));
    expect(fetchAll(host.neighbour, "quiet")).toEqual(both("blocked"));
    // From another network of this host as from another host.
    expect(fetchAll(guests.netns("guest"), "open")).toEqual(both("this is open"));
    expect(fetchAll(guests.netns("guest"), "quiet")).toEqual(both("blocked"));
    host.run(host.neighbour, "busybox", "ping", "-c", "1", "-W", "2", guests.endpoint("quiet").IPAddress ?? "");
  });

  it("takes no port of the host, and shows none", () => {
    expect(guests.view("open")?.ports["80/tcp"]).toEqual([
      { HostIp: "0.0.0.0", HostPort: "" },
      { HostIp: "::", HostPort: "" },
    ]);
    expect(host.fetch(host.neighbour, `${HOST_ADDRESS}:18080`)).toBe("blocked");
  });

  it("lets containers out under their own addresses", async () => {
    const server = "require('http').createServer((q, r) => r.end(q.socket.remoteAddress.replace('::ffff:', ''))).listen(8000, '::')";
    host.start(host.neighbour, process.execPath, "-e", server);
    const { IPAddress, GlobalIPv6Address } = guests.endpoint("quiet");
    await expect.poll(() => host.fetch(guests.netns("quiet"), "198.51.100.20:8000")).toBe(IPAddress);
    expect(host.fetch(guests.netns("quiet"), "[2001:db8:51::20]:8000")).toBe(GlobalIPv6Address);
    expect(host.fetch(guests.netns("guest"), "198.51.100.20:8000")).toBe(HOST_ADDRESS);
  });

  it("is as it was with a new daemon, and shut once the container is gone", async () => {
    const { IPAddress } = guests.endpoint("open");
    await networks.close();
    networks = await host.service();
    await networks.restore(new Set(["open", "quiet", "sealed-1", "sealed-2", "guest"]));
    expect(networks.sandboxOf("open")?.ports).toEqual(guests.view("open")?.ports);
    expect(fetchAll(host.neighbour, "open")).toEqual(both("this is open"));
    await networks.release("open");
    expect(host.run(host.host, "nft", "list", "set", "inet", host.instance.nftTable, "reachable")).not.toContain(IPAddress);
  });
});

describe("isolated", () => {
  it("has no gateway: the host reaches nobody and is reached by nobody, while containers reach each other", () => {
    const { network } = networks.inspect("sealed");
    expect([network.ipam?.gateway, network.ipam6?.gateway]).toEqual([undefined, undefined]);
    const bridge = `${host.instance.vethPrefix}b${network.id.slice(0, 8)}`;
    expect(host.run(host.host, "ip", "-o", "address", "show", bridge)).toBe("");
    expect(fetchAll(guests.netns("sealed-1"), "sealed-2")).toEqual(both("this is sealed-2"));
    expect(fetchAll(host.host, "sealed-2")).toEqual(both("blocked"));
    expect(host.run(guests.netns("sealed-1"), "ip", "route")).not.toContain("default");
  });
});
