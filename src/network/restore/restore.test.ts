import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createNamespace } from "#sys/netns/namespace.ts";
import type { NetworkService } from "../service.ts";
import { IsolatedHost, request } from "../testdata/isolated-host.ts";

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

const published = { portBindings: { "80/tcp": [{ HostPort: "" }] } };

async function run(id: string, wishes: Parameters<typeof request>[1] = {}) {
  const view = await networks.prepare(request(id, wishes));
  await networks.connect(id);
  return view;
}

/** As after kill -9: what the old daemon held in memory and in sockets is gone, the kernel is as it was. */
async function restart(running: string[], options: Parameters<IsolatedHost["service"]>[0] = {}): Promise<void> {
  await networks.close();
  networks = await host.service(options);
  await networks.restore(new Set(running));
}

describe("a new daemon", () => {
  it("takes over running containers with all that they have", async () => {
    const before = await run("c1", published);
    const port = before.ports["80/tcp"]?.[0]?.HostPort;
    host.serve(before.netns ?? "", "still here");
    await expect.poll(() => host.fetch(host.host, `127.0.0.1:${port}`)).toBe("still here");
    await restart(["c1"]);
    expect(networks.sandboxOf("c1")).toEqual(before);
    expect(host.fetch(host.host, `127.0.0.1:${port}`)).toBe("still here");
    const taken = networks.prepare(request("c2", { portBindings: { "80/tcp": [{ HostPort: port }] } }));
    await expect(taken).rejects.toThrow("port is already allocated");
    expect((await networks.prepare(request("c2"))).endpoints["bridge"]?.IPAddress).not.toBe("172.17.0.2");
    await networks.release("c1");
    expect(host.fetch(host.host, `127.0.0.1:${port}`)).toBe("blocked");
  });

  it("keeps an open connection", async () => {
    const view = await run("c1", published);
    host.start(view.netns ?? "", process.execPath, "-e", "require('net').createServer((s) => s.pipe(s)).listen(80)");
    // Tries until the server is there, then keeps one connection for good, or ends.
    const script = `const begin = () => { let open = false; const s = require('net').connect(${view.ports["80/tcp"]?.[0]?.HostPort}, '127.0.0.1', () => {
      open = true; setInterval(() => s.write('x'), 20) }); s.on('data', (d) => process.stdout.write(d));
      s.on('error', () => open ? process.exit(1) : setTimeout(begin, 50)); s.on('end', () => process.exit(2)) }; begin()`;
    const client = host.start(host.host, process.execPath, "-e", script);
    let bytes = 0;
    client.stdout?.on("data", (data: Buffer) => (bytes += data.length));
    await expect.poll(() => bytes).toBeGreaterThan(3);
    await restart(["c1"]);
    const atRestart = bytes;
    await expect.poll(() => bytes).toBeGreaterThan(atRestart + 5);
    expect(client.exitCode).toBeNull();
  });

  it("takes away what belonged to containers that died meanwhile", async () => {
    const dead = await run("c1", published);
    const alive = await run("c2");
    await restart(["c2"]);
    expect(networks.sandboxOf("c1")).toBeUndefined();
    await expect.poll(() => existsSync(dead.netns ?? "")).toBe(false);
    expect(existsSync(alive.netns ?? "")).toBe(true);
    expect(host.run(host.host, "nft", "list", "map", "inet", host.instance.nftTable, "everywhere")).not.toMatch(/elements/);
  });

  it("finishes what a start began", async () => {
    const view = await networks.prepare(request("c1", published));
    await restart(["c1"]);
    host.serve(view.netns ?? "", "connected");
    await expect.poll(() => host.fetch(host.host, `127.0.0.1:${view.ports["80/tcp"]?.[0]?.HostPort}`)).toBe("connected");
  });

  it("takes away namespaces and interfaces that no record knows", async () => {
    const { vethPrefix } = host.instance;
    const stray = join(host.folder, "netns", "stray");
    createNamespace(stray, () => {});
    host.run(
      host.host,
      "sh",
      "-c",
      `ip link add ${vethPrefix}01234567 type veth peer name other0; ip link add ${vethPrefix}b89abcdef type bridge`,
    );
    host.run(host.host, "ip", "link", "add", `${vethPrefix}notours`, "type", "bridge");
    await restart([]);
    expect(readdirSync(join(host.folder, "netns"))).toEqual([]);
    const links = host.run(host.host, "ip", "-br", "link");
    expect(links).not.toMatch(`${vethPrefix}01234567`);
    expect(links).not.toMatch(`${vethPrefix}b89abcdef`);
    expect(links).toMatch(`${vethPrefix}notours`);
    host.run(host.host, "ip", "link", "delete", `${vethPrefix}notours`);
  });

  it("makes bridges anew after a reboot, which took everything but the records", async () => {
    await networks.create({ Name: "web" });
    const before = ["bridge", "web"].map((name) => networks.inspect(name).network);
    host.run(host.host, "sh", "-c", `ip link delete ${host.instance.bridge}; nft flush ruleset`);
    await restart([]);
    expect(["bridge", "web"].map((name) => networks.inspect(name).network)).toEqual(before);
    await run("c1", { mode: "web" });
    expect(host.run(host.host, "ip", "-br", "address", "show", host.instance.bridge)).toMatch("172.17.0.1/16");
  });
});

describe("a subnet that the host has come to use otherwise", () => {
  const occupy = (subnet: string): string => `ip link add vpn0 type bridge; ip link set vpn0 up; ip route add ${subnet} dev vpn0`;

  it("is changed while nobody is on it", async () => {
    await networks.create({ Name: "web" });
    host.run(host.host, "sh", "-c", `ip link delete ${host.instance.bridge}; ${occupy("172.16.0.0/15")}`);
    await restart([]);
    expect(networks.inspect("web").network.ipam?.subnet).toBe("172.19.0.0/24");
    expect(networks.inspect("bridge").network.ipam?.subnet).toBe("172.18.0.0/16");
    const view = await run("c1", { mode: "web" });
    expect(view.endpoints["web"]?.IPAddress).toBe("172.19.0.2");
    host.run(host.host, "ip", "link", "delete", "vpn0");
  });

  it("stays under a running container, and where the user chose it", async () => {
    await networks.create({ Name: "web", IPAM: { Config: [{ Subnet: "10.213.0.0/24" }] } });
    await run("c1");
    host.run(host.host, "sh", "-c", `${occupy("172.17.5.0/24")}; ip route add 10.213.0.0/25 dev vpn0`);
    await restart(["c1"]);
    expect(networks.inspect("bridge").network.ipam?.subnet).toBe("172.17.0.0/16");
    expect(networks.inspect("web").network.ipam?.subnet).toBe("10.213.0.0/24");
    host.run(host.host, "ip", "link", "delete", "vpn0");
  });
});

describe("bip", () => {
  it("is the default bridge's address from the next start without containers on it", async () => {
    await run("c1");
    await restart(["c1"], { bip: "10.213.40.1/24" });
    expect(networks.inspect("bridge").network.ipam?.subnet).toBe("172.17.0.0/16");
    await networks.release("c1");
    await restart([], { bip: "10.213.40.1/24" });
    expect(networks.inspect("bridge").network.ipam).toMatchObject({ subnet: "10.213.40.0/24", gateway: "10.213.40.1", chosenBy: "user" });
    expect((await run("c2")).endpoints["bridge"]?.IPAddress).toBe("10.213.40.2");
    await networks.release("c2");
    await restart([]);
    expect(networks.inspect("bridge").network.ipam).toMatchObject({ subnet: "172.17.0.0/16", chosenBy: "pool" });
  });
});
