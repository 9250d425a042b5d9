import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { createServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NftError } from "../nft/nftables.ts";
import { createNamespace, removeNamespace } from "./namespace.ts";
import { NetworkWorker } from "./network-worker.ts";

/** Everything happens in a namespace that stands for the host: nothing of the machine's own network is touched. */
const folder = mkdtempSync(join(tmpdir(), "dhow-netns-"));
const host = join(folder, "host");
const inside = join(folder, "container");
let worker: NetworkWorker;

const run = (namespace: string, ...command: string[]): string =>
  execFileSync("nsenter", [`--net=${namespace}`, ...command], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** What comes back from port 53 of 127.0.0.11, over UDP and over TCP. */
async function ask(namespace: string): Promise<string[]> {
  const udp = createSocket("udp4");
  udp.bind({ fd: await worker.openSocketIn(namespace, "udp") }, () => udp.send("hello", 53, "127.0.0.11"));
  const [packet, { address, port }] = (await once(udp, "message")) as [Buffer, { address: string; port: number }];
  udp.close();
  const tcp = new Socket({ fd: await worker.openSocketIn(namespace, "tcp") }).connect(53, "127.0.0.11");
  const [bytes] = (await once(tcp, "data")) as [Buffer];
  tcp.destroy();
  return [`${address}:${port} ${packet.toString()}`, bytes.toString()];
}

const bridge = {
  name: "dhowt0",
  mac: "02:42:0a:d5:00:01",
  mtu: 1400,
  addresses: [
    { address: "10.213.0.1", prefixLength: 24 },
    { address: "fd00:213::1", prefixLength: 64 },
  ],
  sysctls: { "net/ipv6/conf/dhowt0/disable_ipv6": "0", "net/ipv4/conf/dhowt0/route_localnet": "1" },
};
const link = {
  namespace: inside,
  bridge: bridge.name,
  hostName: "dhvt1",
  name: "eth0",
  mac: "02:42:0a:d5:00:02",
  mtu: 1400,
  address: "10.213.0.2",
  prefixLength: 24,
  gateway: "10.213.0.1",
  ipv6: { address: "fd00:213::2", prefixLength: 64, gateway: "fd00:213::1" },
  more: [{ address: "169.254.7.7", prefixLength: 16 }],
};

beforeAll(() => {
  createNamespace(host, () => {});
  worker = new NetworkWorker({ namespace: host });
});

afterAll(async () => {
  await worker.close();
  for (const path of [inside, host]) removeNamespace(path);
  rmSync(folder, { recursive: true });
});

describe("NetworkWorker", () => {
  it("comes back from making a namespace, and leaves this thread where it was", async () => {
    const before = readlinkSync("/proc/thread-self/ns/net");
    await worker.createNamespace(inside, { "net/ipv6/conf/default/disable_ipv6": "1", "net/ipv4/ip_unprivileged_port_start": "0" });
    expect(readlinkSync("/proc/thread-self/ns/net")).toBe(before);
    expect(run(inside, "ip", "-br", "link").trim()).toMatch(/^lo +UNKNOWN .*LOWER_UP>$/);
    expect(run(inside, "cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start").trim()).toBe("0");
  });

  it("makes a bridge, and once more without harm", async () => {
    await worker.ensureBridge(bridge);
    await worker.ensureBridge(bridge);
    expect(run(host, "ip", "-o", "-4", "address", "show", "dhowt0")).toMatch(/inet 10.213.0.1\/24 brd 10.213.0.255/);
    const { links, addresses, routes } = await worker.survey();
    const found = links.find(({ name }) => name === "dhowt0");
    expect(found).toMatchObject({ kind: "bridge", mtu: 1400, mac: bridge.mac, up: true });
    expect(addresses).toContainEqual({ index: found?.index, address: "10.213.0.1", prefixLength: 24 });
    expect(addresses).toContainEqual({ index: found?.index, address: "fd00:213::1", prefixLength: 64 });
    expect(routes).toContainEqual({ index: found?.index, destination: "fd00:213::", prefixLength: 64 });
    expect(routes).toContainEqual({ index: found?.index, destination: "10.213.0.0", prefixLength: 24 });
    expect(run(host, "cat", "/proc/sys/net/ipv4/conf/dhowt0/route_localnet").trim()).toBe("1");
  });

  it("does not take over an interface of another kind", async () => {
    const attempt = worker.ensureBridge({ ...bridge, name: "lo", sysctls: {} });
    await expect(attempt).rejects.toThrow(expect.objectContaining({ name: "SystemCallError", code: "EEXIST" }));
  });

  it("attaches a namespace to the bridge, and once more without harm", async () => {
    await worker.attachInterface(link);
    await worker.attachInterface(link);
    const shown = run(inside, "ip", "-o", "address", "show", "eth0");
    expect(shown).toMatch(/inet 10.213.0.2\/24/);
    expect(shown).toMatch(/inet 169.254.7.7\/16/);
    expect(shown).toMatch(/inet6 fd00:213::2\/64/);
    expect(run(inside, "ip", "-6", "route")).toMatch(/^default via fd00:213::1/m);
    expect(run(inside, "ip", "route")).toMatch(/^default via 10.213.0.1 dev eth0/);
    expect(run(inside, "ip", "link", "show", "eth0")).toMatch(/mtu 1400.*[^]*02:42:0a:d5:00:02/);
    expect(run(host, "ip", "-o", "address", "show", "dhvt1")).not.toMatch(/inet6/);
    expect(run(inside, "busybox", "ping", "-c1", "-W2", "10.213.0.1")).toMatch(/1 packets received/);
  });

  it("opens a name server inside, again in the place of the first, whose port nobody sees", async () => {
    const listed = (port: number): string => `table ip dhow-names {
	chain questions {
		type filter hook output priority raw; policy accept;
		ip daddr 127.0.0.11 udp dport 53 udp dport set ${port}
		ip daddr 127.0.0.11 tcp dport 53 tcp dport set ${port}
	}

	chain answers {
		type filter hook postrouting priority 300; policy accept;
		ip saddr 127.0.0.11 udp sport ${port} udp sport set 53
		ip saddr 127.0.0.11 tcp sport ${port} tcp sport set 53
	}
}
`;
    for (let round = 0; round < 2; round++) {
      const { udp, tcp, port } = await worker.openNameServer(inside);
      expect(run(inside, "nft", "list", "ruleset")).toBe(listed(port));
      const server = createSocket("udp4");
      server.on("message", (packet, from) => server.send(packet, from.port, from.address));
      server.bind({ fd: udp });
      const listener = createServer((connection) => connection.end("over TCP")).listen({ fd: tcp });
      expect(await ask(inside)).toEqual(["127.0.0.11:53 hello", "over TCP"]);
      server.close();
      listener.close();
    }
    await expect(worker.openNameServer("/nonexistent")).rejects.toThrow(/ENOENT/);
  });

  it("says what the kernel would not do", async () => {
    const attempt = worker.attachInterface({ ...link, bridge: "nosuch0", hostName: "dhvt2" });
    await expect(attempt).rejects.toThrow("netlink link nosuch0: ENODEV");
    await expect(worker.attachInterface({ ...link, namespace: "/nonexistent" })).rejects.toThrow(/ENOENT/);
  });

  it("runs rules as one transaction, and tells when they are gone", async () => {
    await worker.applyRules("table inet dhowt {\nmap m {\ntype inet_service : ipv4_addr\n}\n}");
    const before = await worker.rulesState("dhowt");
    expect(before.present).toBe(true);
    await worker.applyRules("add element inet dhowt m { 80 : 10.0.0.1 }");
    expect((await worker.rulesState("dhowt")).generation).toBeGreaterThan(before.generation);
    const broken = worker.applyRules("add element inet dhowt m { 81 : 10.0.0.1 }\nadd element inet dhowt m { 80 : 10.0.0.2 }");
    await expect(broken).rejects.toThrow(NftError);
    expect(run(host, "nft", "list", "map", "inet", "dhowt", "m")).not.toMatch(/81/);
    expect(await worker.listRules("list tables")).toContainEqual({
      table: expect.objectContaining({ family: "inet", name: "dhowt" }) as unknown,
    });
    await worker.applyRules("flush ruleset");
    expect((await worker.rulesState("dhowt")).present).toBe(false);
  });

  it("forgets connections that are not there without complaint", async () => {
    await expect(worker.forgetConnections({ addresses: ["10.213.0.2"], udpPorts: [5353] })).resolves.toBeUndefined();
  });

  it("removes the namespace, and with it both ends of the pair; missing is no error", async () => {
    await worker.removeNamespace(inside);
    await worker.removeNamespace(inside);
    expect(existsSync(inside)).toBe(false);
    await expect.poll(() => run(host, "ip", "-br", "link"), { interval: 10 }).not.toMatch(/dhvt1/);
    await worker.removeLink("dhvt1");
  });

  it("removes a bridge", async () => {
    await worker.removeLink("dhowt0");
    await worker.removeLink("dhowt0");
    expect(run(host, "ip", "-br", "link")).not.toMatch(/dhowt0/);
    expect(readdirSync(folder)).toEqual(["host"]);
  });

  it("starts another thread after one was lost", async () => {
    const lost = new NetworkWorker({ namespace: "/nonexistent" });
    await expect(lost.survey()).rejects.toThrow(/the network worker failed/);
    await expect(lost.survey()).rejects.toThrow(/the network worker failed/);
    await lost.close();
  });
});
