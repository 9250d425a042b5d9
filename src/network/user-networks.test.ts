import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Filters } from "#spec/filters/filters.ts";
import type { ConnectableContainer } from "./ports.ts";
import type { NetworkService } from "./service.ts";
import { IsolatedHost, request } from "./testdata/isolated-host.ts";

let host: IsolatedHost;
let networks: NetworkService;

vi.setConfig({ testTimeout: 30_000 });

beforeAll(() => {
  host = new IsolatedHost();
});

beforeEach(async () => {
  networks = await host.service();
  await networks.restore(new Set());
});

afterEach(async () => {
  host.stopServers();
  await networks.teardown();
  host.assertClean();
  host.reset();
});

afterAll(async () => await host.end());

const names = (filters: Record<string, string[]>): string[] =>
  networks
    .list(new Map(Object.entries(filters)) as Filters)
    .map(({ network }) => network.name)
    .toSorted();

async function run(id: string, wishes: Parameters<typeof request>[1]) {
  const view = await networks.prepare(request(id, wishes));
  await networks.connect(id);
  return view;
}

describe("making and removing", () => {
  it("chooses small subnets that nothing else uses", async () => {
    host.run(host.host, "sh", "-c", "ip link add vpn0 type bridge && ip addr add 172.16.0.9/24 dev vpn0 && ip link set vpn0 up");
    const made = [await networks.create({ Name: "one" }), await networks.create({ Name: "two" })];
    expect(made.map(({ ipam }) => [ipam?.subnet, ipam?.gateway])).toEqual([
      ["172.16.1.0/24", "172.16.1.1"],
      ["172.16.2.0/24", "172.16.2.1"],
    ]);
    expect(host.events.map(({ action, attributes }) => [action, attributes["name"]])).toEqual([
      ["create", "one"],
      ["create", "two"],
    ]);
    await networks.remove("one");
    await networks.remove(made[1]?.id.slice(0, 12) ?? "");
    expect(names({ type: ["custom"] })).toEqual([]);
    host.run(host.host, "ip", "link", "delete", "vpn0");
  });

  it("takes the user's subnet, gateway, range and name", async () => {
    const network = await networks.create({
      Name: "mine",
      Options: { "com.docker.network.bridge.name": "mine0", "com.docker.network.driver.mtu": "1400" },
      IPAM: {
        Config: [{ Subnet: "10.213.0.0/16", IPRange: "10.213.5.0/24", Gateway: "10.213.0.9", AuxiliaryAddresses: { a: "10.213.5.0" } }],
      },
    });
    expect(network.ipam).toMatchObject({ gateway: "10.213.0.9", chosenBy: "user" });
    const view = await run("c1", { mode: "mine" });
    expect(view.endpoints["mine"]).toMatchObject({ IPAddress: "10.213.5.1", Gateway: "10.213.0.9", IPPrefixLen: 16 });
    expect(host.run(host.host, "ip", "link", "show", "mine0")).toMatch(/mtu 1400/);
    await networks.release("c1");
  });

  it("gives addresses out of several subnets, one after the other, and leads out of each", async () => {
    const Config = [{ Subnet: "10.213.70.0/30" }, { Subnet: "10.213.71.0/24", Gateway: "10.213.71.9" }, { Subnet: "fd00:d0:70::/64" }];
    const network = await networks.create({ Name: "wide", IPAM: { Config } });
    expect(network.more).toMatchObject([{ subnet: "10.213.71.0/24", gateway: "10.213.71.9" }]);
    const views = await Promise.all(["c1", "c2"].map((id) => run(id, { mode: "wide" })));
    const shown = views.map(({ endpoints }) => endpoints["wide"]);
    expect(shown.map((one) => [one?.IPAddress, one?.IPPrefixLen, one?.Gateway])).toEqual([
      ["10.213.70.2", 30, "10.213.70.1"],
      ["10.213.71.1", 24, "10.213.71.9"],
    ]);
    host.serve(views[0]?.netns ?? "", "in the first");
    await expect.poll(() => host.fetch(views[1]?.netns ?? "", "10.213.70.2")).toBe("in the first");
    const third = await run("c3", { mode: "wide", endpoints: { wide: { IPAMConfig: { IPv4Address: "10.213.71.77" } } } });
    expect(third.endpoints["wide"]).toMatchObject({ IPAddress: "10.213.71.77", Gateway: "10.213.71.9" });
    await networks.close();
    networks = await host.service();
    await networks.restore(new Set(["c1", "c2", "c3"]));
    const taken = networks.prepare(request("c4", { mode: "wide", endpoints: { wide: { IPAMConfig: { IPv4Address: "10.213.71.77" } } } }));
    await expect(taken).rejects.toThrow("Address already in use");
    await expect(networks.create({ Name: "near", IPAM: { Config: [{ Subnet: "10.213.71.0/25" }] } })).rejects.toThrow("Pool overlaps");
  });

  it("makes networks from a configuration that nobody can be on, and keeps it as long as they need it", async () => {
    const IPAM = { Config: [{ Subnet: "10.213.72.0/24" }] };
    await networks.create({ Name: "conf", ConfigOnly: true, Labels: { tier: "back" }, IPAM });
    await expect(networks.prepare(request("c1", { mode: "conf" }))).rejects.toThrow(
      expect.objectContaining({ category: "forbidden", message: "cannot create endpoint on configuration-only network" }),
    );
    const made = await networks.create({ Name: "made", ConfigFrom: { Network: "conf" } });
    expect(made).toMatchObject({ labels: { tier: "back" }, ipam: { subnet: "10.213.72.0/24" }, configFrom: "conf" });
    expect((await run("c1", { mode: "made" })).endpoints["made"]?.IPAddress).toBe("10.213.72.2");
    await expect(networks.remove("conf")).rejects.toThrow('configuration network "conf" is in use');
    await networks.release("c1");
    const signal = new AbortController().signal;
    expect(await networks.prune(new Map(), undefined, signal)).toEqual(["made"]);
    await networks.remove("conf");
    expect(names({ type: ["custom"] })).toEqual([]);
  });

  it("has containers leave behind an address of the host's that the network names", async () => {
    await networks.create({ Name: "named", Options: { "com.docker.network.host_ipv4": "192.0.2.7" } });
    expect(host.run(host.host, "nft", "list", "chain", "inet", host.instance.nftTable, "source")).toContain("snat ip to 192.0.2.7");
  });

  it("refuses what overlaps, what is taken, and what is in use", async () => {
    await networks.create({ Name: "one", IPAM: { Config: [{ Subnet: "10.213.0.0/16" }] } });
    const overlap = networks.create({ Name: "two", IPAM: { Config: [{ Subnet: "10.213.7.0/24" }] } });
    await expect(overlap).rejects.toThrow(
      expect.objectContaining({
        category: "forbidden",
        message: "invalid pool request: Pool overlaps with other one on this address space",
      }),
    );
    await expect(networks.create({ Name: "one" })).rejects.toThrow(
      expect.objectContaining({ category: "conflict", message: "network with name one already exists" }),
    );
    const taken = networks.create({ Name: "three", Options: { "com.docker.network.bridge.name": "lo" } });
    await expect(taken).rejects.toThrow("the host has an interface named lo already");
    expect(names({ type: ["custom"] })).toEqual(["one"]);
    await run("c1", { mode: "one" });
    await expect(networks.remove("one")).rejects.toThrow(
      expect.objectContaining({
        category: "forbidden",
        message: expect.stringMatching(
          /^error while removing network: network one has active endpoints \(name:"name-c1" id:"[0-9a-f]{12}"\)$/,
        ) as string,
      }),
    );
    await networks.release("c1");
    await networks.remove("one");
  });

  it("lists by filters and prunes what nobody is on", async () => {
    await networks.create({ Name: "web", Labels: { tier: "front" } });
    await networks.create({ Name: "data", Labels: { tier: "back" } });
    await run("c1", { mode: "web" });
    expect(names({ type: ["custom"], dangling: ["true"] })).toEqual(["data"]);
    expect(names({ dangling: ["0"] })).toEqual(["bridge", "host", "none", "web"]);
    expect(names({ label: ["tier=front"] })).toEqual(["web"]);
    expect(names({ driver: ["null"] })).toEqual(["none"]);
    expect(names({ name: ["at"] })).toEqual(["data"]);
    expect(names({ id: [networks.inspect("web").network.id.slice(3, 30)] })).toEqual(["web"]);
    expect(names({ scope: ["swarm"] })).toEqual([]);
    expect(() => names({ type: ["odd"] })).toThrow(expect.objectContaining({ category: "invalid" }));
    expect(() => names({ dangling: ["maybe"] })).toThrow(expect.objectContaining({ category: "invalid" }));
    const signal = new AbortController().signal;
    expect(await networks.prune(new Map(), Date.now() - 60_000, signal)).toEqual([]);
    expect(await networks.prune(new Map(), undefined, signal)).toEqual(["data"]);
    await networks.release("c1");
    expect(await networks.prune(new Map([["label!", ["tier=front"]]]), undefined, signal)).toEqual([]);
    expect(await networks.prune(new Map(), undefined, AbortSignal.abort())).toEqual([]);
    expect(await networks.prune(new Map(), undefined, signal)).toEqual(["web"]);
  });
});

describe("several networks", () => {
  it("give a container an interface each, with the way out over the first by name", async () => {
    await networks.create({ Name: "zeta" });
    await networks.create({ Name: "alpha" });
    const view = await run("c1", { mode: "zeta", endpoints: { alpha: {} } });
    const addresses = host.run(view.netns ?? "", "ip", "-br", "-4", "address");
    expect(addresses).toMatch(new RegExp(`eth0@if\\d+ +UP +${view.endpoints["zeta"]?.IPAddress}`));
    expect(addresses).toMatch(new RegExp(`eth1@if\\d+ +UP +${view.endpoints["alpha"]?.IPAddress}`));
    expect(host.run(view.netns ?? "", "ip", "route")).toMatch(`default via ${view.endpoints["alpha"]?.Gateway} dev eth1`);
  });

  it("are joined and left while the container runs", async () => {
    await networks.create({ Name: "extra" });
    const view = await run("c1", { mode: "bridge", portBindings: { "80/tcp": [{ HostPort: "" }] } });
    host.serve(view.netns ?? "", "still here");
    const record = new Map<string, unknown>();
    const container: ConnectableContainer = { id: "c1", running: true, networkMode: "bridge", networks: ["bridge"] };
    const directory = {
      find: () => container,
      setEndpoint: async (_id: string, network: string, settings: unknown) =>
        void (settings === undefined ? record.delete(network) : record.set(network, settings)),
    };
    await networks.connectContainer(directory, { network: "extra", container: "c1", settings: {} });
    expect([...record.keys()]).toEqual(["extra"]);
    expect(Object.keys(networks.sandboxOf("c1")?.endpoints ?? {})).toEqual(["bridge", "extra"]);
    await expect(networks.connectContainer(directory, { network: "extra", container: "c1", settings: {} })).rejects.toThrow(
      expect.objectContaining({ category: "forbidden", message: "endpoint with name name-c1 already exists in network extra" }),
    );
    await expect(networks.connectContainer(directory, { network: "none", container: "c1", settings: {} })).rejects.toThrow(
      "container cannot be connected to multiple networks with one of the networks in none mode",
    );
    const port = view.ports["80/tcp"]?.[0]?.HostPort;
    await expect.poll(() => host.fetch(host.host, `127.0.0.1:${port}`)).toBe("still here");
    await networks.disconnectContainer(directory, { network: "bridge", container: "c1", force: false });
    expect(host.run(view.netns ?? "", "ip", "route")).toMatch(/default via 172.16.0.1 dev eth1/);
    expect(host.fetch(host.host, `127.0.0.1:${port}`)).toBe("still here");
    await networks.disconnectContainer(directory, { network: "extra", container: "c1", force: false });
    expect([...record.keys()]).toEqual([]);
    expect(host.run(view.netns ?? "", "ip", "-br", "link").trim()).toMatch(/^lo /);
    await expect(networks.disconnectContainer(directory, { network: "extra", container: "c1", force: false })).rejects.toThrow(
      "container c1 is not connected to the network extra",
    );
    await networks.remove("extra");
  });

  it("are kept for the next start of a container that does not run", async () => {
    await networks.create({ Name: "extra" });
    const record: [string, unknown][] = [];
    const container: ConnectableContainer = { id: "c1", running: false, networkMode: "bridge", networks: ["bridge", "gone"] };
    const directory = {
      find: () => container,
      setEndpoint: async (_id: string, network: string, settings: unknown) => void record.push([network, settings]),
    };
    await networks.connectContainer(directory, { network: "extra", container: "c1", settings: { MacAddress: "02:42:00:00:00:09" } });
    const odd = networks.connectContainer(directory, { network: "extra", container: "c1", settings: { DriverOpts: { x: "y" } } });
    await expect(odd).rejects.toThrow(expect.objectContaining({ category: "not-implemented" }));
    await networks.disconnectContainer(directory, { network: "gone", container: "c1", force: true });
    await expect(networks.disconnectContainer(directory, { network: "gone", container: "c1", force: false })).rejects.toThrow(
      "network gone not found",
    );
    await expect(networks.disconnectContainer(directory, { network: "extra", container: "c1", force: true })).rejects.toThrow(
      "not connected",
    );
    expect(record).toEqual([
      ["extra", { MacAddress: "02:42:00:00:00:09" }],
      ["gone", undefined],
    ]);
    const joined = { ...container, networkMode: "container:other" };
    await expect(
      networks.connectContainer({ ...directory, find: () => joined }, { network: "extra", container: "c1", settings: {} }),
    ).rejects.toThrow("container sharing network namespace with another container or host");
  });
});
