import { execFileSync } from "node:child_process";
import { createServer } from "node:net";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { NetworkService } from "./service.ts";
import { IsolatedHost, request } from "./testdata/isolated-host.ts";

const ANY = { "80/tcp": [{ HostIp: "", HostPort: "" }] };
const noFilters = new Map<string, string[]>();

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

const idOf = (name: string): string => networks.inspect(name).network.id;

describe("the predefined networks", () => {
  it("are there, with Docker's options for the default bridge", () => {
    const listed = networks.list(noFilters).map(({ network }) => [network.name, network.driver]);
    expect(Object.fromEntries(listed)).toEqual({
      bridge: "bridge",
      host: "host",
      none: "null",
    });
    expect(networks.inspect("bridge").network).toMatchObject({
      ipam: { subnet: "172.17.0.0/16", gateway: "172.17.0.1", chosenBy: "pool" },
      options: {
        "com.docker.network.bridge.default_bridge": "true",
        "com.docker.network.bridge.name": `${host.instance.name}0`,
        "com.docker.network.driver.mtu": "1500",
      },
    });
  });

  it("keep their ids over a restart, and cannot be made or removed", async () => {
    const before = ["bridge", "host", "none"].map(idOf);
    networks = await host.service();
    await networks.restore(new Set());
    expect(["bridge", "host", "none"].map(idOf)).toEqual(before);
    await expect(networks.remove("bridge")).rejects.toThrow(
      expect.objectContaining({ category: "forbidden", message: "bridge is a pre-defined network and cannot be removed" }),
    );
    await expect(networks.create({ Name: "host" })).rejects.toThrow("operation is not permitted on predefined host network");
  });

  it("turn IPv4 forwarding on", () => {
    expect(host.run(host.host, "cat", "/proc/sys/net/ipv4/ip_forward").trim()).toBe("1");
  });

  it("keep the bridge without IPv6 and without an ear for router advertisements", () => {
    const bridge = `${host.instance.name}0`;
    const sysctl = (name: string): string => host.run(host.host, "cat", `/proc/sys/net/${name}`).trim();
    expect(sysctl(`ipv6/conf/${bridge}/disable_ipv6`)).toBe("1");
    expect(sysctl(`ipv6/conf/${bridge}/accept_ra`)).toBe("0");
    expect(sysctl("ipv4/conf/all/route_localnet")).toBe("0");
  });
});

describe("a container on the default bridge", () => {
  it("has what inspect shows, once it is connected, and nothing after its release", async () => {
    const view = await networks.prepare(request("c1", { portBindings: ANY, exposedPorts: ["80/tcp", "443/tcp"] }));
    expect(view.endpoints["bridge"]).toMatchObject({
      NetworkID: idOf("bridge"),
      EndpointID: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      IPAddress: "172.17.0.2",
      IPPrefixLen: 16,
      Gateway: "172.17.0.1",
      MacAddress: "02:42:ac:11:00:02",
    });
    expect(view.ports).toEqual({ "443/tcp": null, "80/tcp": [{ HostIp: "0.0.0.0", HostPort: expect.stringMatching(/^\d+$/) as string }] });
    await networks.connect("c1");
    await networks.connect("c1");
    expect(networks.sandboxOf("c1")).toEqual(view);
    const inside = host.run(view.netns ?? "", "ip", "-o", "address");
    expect(inside).toMatch(/eth0 +inet 172.17.0.2\/16/);
    expect(inside).not.toMatch(/inet6/);
    expect(host.run(view.netns ?? "", "cat", "/proc/sys/net/ipv6/conf/eth0/disable_ipv6").trim()).toBe("1");
    expect(networks.inspect("bridge").containers).toMatchObject([
      { id: "c1", name: "name-c1", endpoint: { link: { address: "172.17.0.2" } } },
    ]);
    await networks.release("c1");
    await networks.release("c1");
    expect(networks.sandboxOf("c1")).toBeUndefined();
    expect(networks.inspect("bridge").containers).toEqual([]);
    const attributes = { container: "c1", name: "bridge", type: "bridge" };
    expect(host.events).toEqual(["connect", "disconnect"].map((action) => ({ type: "network", action, id: idOf("bridge"), attributes })));
  });

  it("has its port free for others as soon as it is released", async () => {
    const { ports } = await networks.prepare(request("c1", { portBindings: ANY }));
    await networks.connect("c1");
    const port = ports["80/tcp"]?.[0]?.HostPort;
    const same = { "80/tcp": [{ HostIp: "", HostPort: port }] };
    await expect(networks.prepare(request("c2", { portBindings: same }))).rejects.toThrow(
      expect.objectContaining({
        category: "exhausted",
        message: expect.stringMatching(
          `^failed to set up container networking: driver failed programming external connectivity on endpoint name-c2 \\([0-9a-f]{64}\\): Bind for 0.0.0.0:${port} failed: port is already allocated$`,
        ) as string,
      }),
    );
    expect(networks.sandboxOf("c2")).toBeUndefined();
    await networks.release("c1");
    await networks.prepare(request("c2", { portBindings: same }));
    await networks.connect("c2");
  });

  it("leaves nothing behind when a port is another process's", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const attempt = networks.prepare(request("c1", { portBindings: { "80/tcp": [{ HostPort: String(port) }] } }));
    await expect(attempt).rejects.toThrow(`failed to bind host port 0.0.0.0:${port}/tcp: address already in use`);
    server.close();
    // The address was given back: the next one in turn is had by all that follow.
    const views = await Promise.all(["c2", "c3"].map((id) => networks.prepare(request(id))));
    expect(new Set(views.map(({ endpoints }) => endpoints["bridge"]?.IPAddress))).toEqual(new Set(["172.17.0.3", "172.17.0.4"]));
  });

  it("lets one of a hundred have a port, and the others know", async () => {
    const { ports } = await networks.prepare(request("first", { portBindings: ANY }));
    await networks.release("first");
    const same = { "80/tcp": [{ HostPort: ports["80/tcp"]?.[0]?.HostPort }] };
    const attempts = Array.from({ length: 100 }, (_, index) => networks.prepare(request(`c${index}`, { portBindings: same })));
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (let index = 0; index < 100; index++) await networks.release(`c${index}`);
  });

  it("can be prepared again after a start that failed half way", async () => {
    const first = await networks.prepare(request("c1", { portBindings: ANY }));
    const second = await networks.prepare(
      request("c1", { portBindings: { "80/tcp": [{ HostPort: first.ports["80/tcp"]?.[0]?.HostPort }] } }),
    );
    expect(second.netns).not.toBe(first.netns);
    await networks.connect("c1");
  });

  it("is refused before its start when something is wrong", () => {
    const attempt = (wishes: Parameters<typeof request>[1]) => () => networks.validate(request("c1", wishes));
    expect(attempt({ mode: "nosuch" })).toThrow(expect.objectContaining({ category: "not-found", message: "network nosuch not found" }));
    expect(attempt({ portBindings: { "80/icmp": [{}] } })).toThrow(expect.objectContaining({ category: "invalid" }));
    expect(attempt({ portBindings: { "80/sctp": [{}] } })).not.toThrow();
    expect(attempt({ extraHosts: ["broken"] })).toThrow(expect.objectContaining({ category: "invalid" }));
    expect(attempt({ extraHosts: ["host.docker.internal:host-gateway"] })).not.toThrow();
  });
});

describe("containers on none and on the host's network", () => {
  it("have loopback alone, or no namespace of their own; ports are neither's", async () => {
    const none = await networks.prepare(request("c1", { mode: "none", portBindings: ANY }));
    const shared = await networks.prepare(request("c2", { mode: "host", portBindings: ANY, hostname: "h" }));
    await Promise.all(["c1", "c2"].map((id) => networks.connect(id)));
    expect(host.run(none.netns ?? "", "ip", "-br", "link").trim()).toMatch(/^lo +UNKNOWN/);
    expect(none.ports).toEqual({});
    expect(shared.netns).toBeUndefined();
    expect(shared.endpoints["host"]).toMatchObject({ NetworkID: idOf("host"), IPAddress: "" });
    expect(shared.files.resolvConf).toBe(execFileSync("cat", ["/etc/resolv.conf"], { encoding: "utf8" }));
  });
});

describe("addresses", () => {
  const small = { Name: "small", IPAM: { Config: [{ Subnet: "10.213.9.0/30" }] } };

  it("run out, and come back when a container is gone, which is waited for", async () => {
    await networks.create(small);
    await networks.prepare(request("c1", { mode: "small" }));
    await networks.connect("c1");
    await expect(networks.prepare(request("c2", { mode: "small" }))).rejects.toThrow(
      "no available IPv4 addresses on this network's address pools: small",
    );
    await networks.release("c1");
    const view = await networks.prepare(request("c2", { mode: "small" }));
    expect(view.endpoints["small"]?.IPAddress).toBe("10.213.9.2");
    await networks.connect("c2");
    expect(host.run(host.host, "ip", "-br", "link").match(new RegExp(`^${host.instance.vethPrefix}[0-9a-f]{8}@`, "gm"))).toHaveLength(1);
  });

  it("stay a container's own over a restart when it asked for one", async () => {
    await networks.create({ Name: "web", IPAM: { Config: [{ Subnet: "10.213.8.0/24" }] } });
    const wish = request("c1", { mode: "web", endpoints: { web: { IPAMConfig: { IPv4Address: "10.213.8.77" } } } });
    for (let round = 0; round < 3; round++) {
      const view = await networks.prepare(wish);
      expect(view.endpoints["web"]).toMatchObject({ IPAddress: "10.213.8.77", IPAMConfig: { IPv4Address: "10.213.8.77" } });
      await networks.connect("c1");
      await networks.release("c1");
    }
  });
});
