import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { NetworkService } from "../service.ts";
import { HOST_ADDRESS, IsolatedHost, request } from "../testdata/isolated-host.ts";

let host: IsolatedHost;
let networks: NetworkService;
let port: string;
let netns: string;

vi.setConfig({ testTimeout: 30_000 });

beforeAll(() => {
  host = new IsolatedHost();
  host.plugIn();
});

afterEach(async () => {
  host.stopServers();
  await networks.teardown();
  host.assertClean();
  host.reset();
});

afterAll(async () => await host.end());

async function begin(options: Parameters<IsolatedHost["service"]>[0] = {}): Promise<void> {
  networks = await host.service(options);
  await networks.restore(new Set());
  const view = await networks.prepare(request("c1", { portBindings: { "80/tcp": [{ HostPort: "" }] } }));
  await networks.connect("c1");
  netns = view.netns ?? "";
  port = view.ports["80/tcp"]?.[0]?.HostPort ?? "";
  host.serve(netns, "reached");
  host.serve(host.neighbour, "outside", 8000);
}

/** From the neighbour in, and out to it. */
const bothWays = (): string[] => [host.fetch(host.neighbour, `${HOST_ADDRESS}:${port}`), host.fetch(netns, "198.51.100.20:8000")];
const open = ["reached", "outside"];
const shut = ["blocked", "blocked"];

describe("beside another firewall", () => {
  /** Docker sets this policy; ufw too. */
  const dropAll = () => host.run(host.host, "iptables-nft", "-P", "FORWARD", "DROP");

  it("opens a chain that drops, in a form that iptables can read, and closes it again", async () => {
    dropAll();
    await begin();
    await expect.poll(bothWays).toEqual(open);
    const listed = host.run(host.host, "iptables-nft", "-S", "FORWARD").trim().split("\n");
    const rule = (direction: string) =>
      `-A FORWARD ${direction} ${host.instance.bridge} -m comment --comment "instance ${host.instance.name}" -j ACCEPT`;
    expect(listed.toSorted()).toEqual([rule("-i"), rule("-o"), "-P FORWARD DROP"].toSorted());
    host.run(host.host, "iptables-nft", "-A", "FORWARD", "-i", "lan0", "-j", "ACCEPT");
    host.stopServers();
    await networks.teardown();
    expect(host.run(host.host, "iptables-nft", "-S", "FORWARD").trim().split("\n")).toEqual([
      "-P FORWARD DROP",
      "-A FORWARD -i lan0 -j ACCEPT",
    ]);
  });

  it("opens the older iptables' chain too", async () => {
    host.run(host.host, "iptables-legacy", "-P", "FORWARD", "DROP");
    await begin();
    await expect.poll(bothWays).toEqual(open);
    expect(host.run(host.host, "iptables-legacy", "-S", "FORWARD").trim().split("\n")).toHaveLength(3);
    host.stopServers();
    await networks.teardown();
    expect(host.run(host.host, "iptables-legacy", "-S", "FORWARD").trim()).toBe("-P FORWARD DROP");
    host.run(host.host, "iptables-legacy", "-P", "FORWARD", "ACCEPT");
  });

  it("does so too when the other comes later, and leaves when it goes", async () => {
    await begin({ verifyEveryMs: 100 });
    await expect.poll(bothWays).toEqual(open);
    dropAll();
    await expect.poll(bothWays).toEqual(open);
    host.run(host.host, "iptables-nft", "-P", "FORWARD", "ACCEPT");
    await expect.poll(() => host.run(host.host, "iptables-nft", "-S", "FORWARD").trim()).toBe("-P FORWARD ACCEPT");
  });

  it("follows networks as they come and go", async () => {
    dropAll();
    await begin();
    const { id } = await networks.create({ Name: "web" });
    const bridge = `${host.instance.vethPrefix}b${id.slice(0, 8)}`;
    expect(host.run(host.host, "iptables-nft", "-S", "FORWARD")).toMatch(bridge);
    await networks.remove("web");
    expect(host.run(host.host, "iptables-nft", "-S", "FORWARD")).not.toMatch(bridge);
    await expect.poll(bothWays).toEqual(open);
  });

  it("opens a chain that rejects by its last rule, as firewalld's", async () => {
    host.run(
      host.host,
      "nft",
      "add table inet firewalld; add chain inet firewalld theirs { type filter hook forward priority 10; }; " +
        "add rule inet firewalld theirs ct state established,related accept; add rule inet firewalld theirs reject with icmpx admin-prohibited",
    );
    await begin();
    await expect.poll(bothWays).toEqual(open);
  });

  it("does not undo a rule of the administrator's own table", async () => {
    await begin();
    await expect.poll(bothWays).toEqual(open);
    host.run(
      host.host,
      "nft",
      "add table inet mine; add chain inet mine theirs { type filter hook forward priority 0; }; add rule inet mine theirs ip saddr 198.51.100.0/24 tcp dport 80 drop",
    );
    expect(bothWays()).toEqual(["blocked", "outside"]);
  });
});

describe("after somebody flushed all rules", () => {
  it("makes them anew at the next look", async () => {
    await begin({ verifyEveryMs: 100 });
    await expect.poll(bothWays).toEqual(open);
    host.run(host.host, "nft", "flush", "ruleset");
    await expect.poll(bothWays).toEqual(open);
  });

  it.each(["a container with ports", "a container without", "a release"])("makes them anew with %s", async (what) => {
    await begin();
    await networks.prepare(request("c2", what === "a container with ports" ? { portBindings: { "80/tcp": [{ HostPort: "" }] } } : {}));
    if (what === "a release") {
      const view = await networks.prepare(request("c3", { portBindings: { "80/tcp": [{ HostPort: "" }] } }));
      expect(view.ports["80/tcp"]).toHaveLength(1);
      await networks.connect("c3");
    }
    host.run(host.host, "nft", "flush", "ruleset");
    await expect.poll(() => host.fetch(host.host, "198.51.100.20:8000")).toBe("outside");
    expect(bothWays()).toEqual(shut);
    if (what === "a release") await networks.release("c3");
    else await networks.connect("c2");
    await expect.poll(bothWays).toEqual(open);
  });
});

describe("bridges whose packets pass the host's rules, and others", () => {
  it.each(["1", "0"])("bridge-nf-call-iptables %s: a container reaches its own published port", async (value) => {
    const filtered = "/proc/sys/net/bridge/bridge-nf-call-iptables";
    host.run(host.host, "sh", "-c", `test ! -e ${filtered} || echo ${value} > ${filtered}`);
    await begin();
    await expect.poll(() => host.fetch(netns, `172.17.0.1:${port}`)).toBe("reached");
    await expect.poll(() => host.fetch(netns, `${HOST_ADDRESS}:${port}`)).toBe("reached");
  });
});
