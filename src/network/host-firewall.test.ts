import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { NetworkService } from "./service.ts";
import { HOST_ADDRESS, HOST_ADDRESS6, IsolatedHost, NEIGHBOUR_ADDRESS, request } from "./testdata/isolated-host.ts";
import { fetchUfw, type Ufw } from "./testdata/ufw.ts";

/** Published ports under the rules for what comes into the host (`host-firewall`), with the tools that people write these rules with. */
let host: IsolatedHost;
let networks: NetworkService;
let ports: { web: string; udp: string };
let netns: string;

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

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

/** Says who asks. */
const WEB = "require('http').createServer((q, r) => r.end('for ' + q.socket.remoteAddress.replace('::ffff:', ''))).listen(80, '::')";
const UDP = "const s = require('dgram').createSocket('udp4'); s.on('message', (m, r) => s.send('heard', r.port, r.address)); s.bind(53)";

async function begin(options: Parameters<IsolatedHost["service"]>[0] = {}): Promise<void> {
  networks = await host.service({ hostFirewall: true, ...options });
  await networks.restore(new Set());
  await networks.create({ Name: "web", EnableIPv6: true });
  await networks.create({ Name: "elsewhere", EnableIPv6: true });
  const portBindings = { "80/tcp": [{ HostPort: "" }], "53/udp": [{ HostPort: "" }] };
  const view = await networks.prepare(request("c1", { mode: "web", portBindings }));
  await networks.connect("c1");
  netns = view.netns ?? "";
  ports = { web: view.ports["80/tcp"]?.[0]?.HostPort ?? "", udp: view.ports["53/udp"]?.[0]?.HostPort ?? "" };
  host.start(netns, process.execPath, "-e", WEB);
  host.start(netns, process.execPath, "-e", UDP);
  await expect.poll(() => host.fetch(host.host, `127.0.0.1:${ports.web}`)).toMatch(/^for /);
}

const fromNeighbour = (): string[] => [HOST_ADDRESS, `[${HOST_ADDRESS6}]`].map((to) => host.fetch(host.neighbour, `${to}:${ports.web}`));
const open = [`for ${NEIGHBOUR_ADDRESS}`, "for 2001:db8:51::20"];
const shut = ["blocked", "blocked"];

function iptables(...parameters: string[]): void {
  for (const program of ["iptables-nft", "ip6tables-nft"]) host.run(host.host, program, ...parameters);
}

function dropInput(): void {
  iptables("-P", "INPUT", "DROP");
  iptables("-A", "INPUT", "-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT");
  host.run(host.host, "ip6tables-nft", "-A", "INPUT", "-p", "icmpv6", "-j", "ACCEPT");
}

function udpAnswer(): string {
  const script = [
    "const s = require('dgram').createSocket('udp4')",
    "s.on('message', (m) => { console.log(String(m)); process.exit() })",
    `s.bind(() => setInterval(() => s.send('x', ${ports.udp}, '${HOST_ADDRESS}'), 30))`,
    "setTimeout(() => process.exit(), 1000)",
  ];
  return host.run(host.neighbour, process.execPath, "-e", script.join("; ")).trim();
}

describe("rules for what comes into the host", () => {
  it("decide about published ports, by the host's port, over both families, and the client keeps its address", async () => {
    await begin();
    expect(fromNeighbour()).toEqual(open);
    dropInput();
    expect(fromNeighbour()).toEqual(shut);
    iptables("-A", "INPUT", "-p", "tcp", "--dport", "80", "-j", "ACCEPT");
    expect(fromNeighbour()).toEqual(shut);
    iptables("-A", "INPUT", "-p", "tcp", "--dport", ports.web, "-j", "ACCEPT");
    expect(fromNeighbour()).toEqual(open);
    expect(udpAnswer()).toBe("");
    iptables("-A", "INPUT", "-p", "udp", "--dport", ports.udp, "-j", "ACCEPT");
    expect(udpAnswer()).toBe("heard");
    // A strict look at where packets come from is what ufw sets.
    host.run(host.host, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter");
    expect(fromNeighbour()).toEqual(open);
  });

  it("leave the host itself and other networks where they were, and go with the port", async () => {
    await begin();
    dropInput();
    expect(host.fetch(host.host, `127.0.0.1:${ports.web}`)).toMatch(/^for /);
    const other = await networks.prepare(request("c2", { mode: "elsewhere" }));
    await networks.connect("c2");
    expect(host.fetch(other.netns ?? "", `${HOST_ADDRESS}:${ports.web}`)).toMatch(/^for /);
    iptables("-P", "INPUT", "ACCEPT");
    expect(fromNeighbour()).toEqual(open);
    await networks.release("c1");
    expect(fromNeighbour()).toEqual(shut);
  });

  it("are asked also when a port comes to a running container, and after all rules were flushed", async () => {
    await begin();
    dropInput();
    await networks.republish("c1", { Add: { "80/tcp": [{ HostPort: "" }] } });
    const added = networks.sandboxOf("c1")?.ports["80/tcp"]?.at(-1)?.HostPort ?? "";
    expect(host.fetch(host.neighbour, `${HOST_ADDRESS}:${added}`)).toBe("blocked");
    iptables("-I", "INPUT", "-p", "tcp", "--dport", added, "-j", "ACCEPT");
    expect(host.fetch(host.neighbour, `${HOST_ADDRESS}:${added}`)).toBe(open[0]);
    host.run(host.host, "sh", "-c", `nft flush ruleset; ip link delete ${host.instance.vethPrefix}x0`);
    await networks.prepare(request("c2", {}));
    await networks.connect("c2");
    expect(host.fetch(host.neighbour, `${HOST_ADDRESS}:${added}`)).toBe(open[0]);
  });

  it("have no say any more with a daemon that does not ask them, which leaves no way around either", async () => {
    await begin();
    dropInput();
    await networks.close();
    networks = await host.service();
    await networks.restore(new Set(["c1"]));
    expect(fromNeighbour()).toEqual(open);
    expect(host.run(host.host, "ip", "-br", "link")).not.toContain(`${host.instance.vethPrefix}x0`);
    expect(host.run(host.host, "nft", "list", "tables")).not.toContain(`table ip ${host.instance.nftTable}`);
  });
});

/** It runs dozens of programs one after the other, too many for a machine that is busy: with `npm run test:soak`. */
const ufw: Ufw | undefined = process.env["DHOW_SOAK"] === undefined ? undefined : fetchUfw();

describe.each(ufw === undefined ? [] : [ufw])("ufw", (firewall) => {
  const run = (...parameters: string[]): string => host.run(host.host, ...firewall.command(host.folder, ...parameters));

  it("blocks published ports until it is told to allow them, lets containers out, and is left as it was", async () => {
    expect(run("--force", "enable")).toContain("active");
    const before = rulesOfUfw();
    await begin({ verifyEveryMs: 100 });
    host.serve(host.neighbour, "outside", 8000);
    // Its policy for what is forwarded is to drop, which our bridges are excepted from.
    await expect.poll(() => host.fetch(netns, `${NEIGHBOUR_ADDRESS}:8000`)).toBe("outside");
    expect(fromNeighbour()).toEqual(shut);
    run("allow", `${ports.web}/tcp`);
    await expect.poll(fromNeighbour).toEqual(open);
    // A daemon that does not ask it: its rules for what comes in have no say, and what it drops of what is forwarded passes.
    await networks.close();
    networks = await host.service({ verifyEveryMs: 100 });
    await networks.restore(new Set(["c1"]));
    run("delete", "allow", `${ports.web}/tcp`);
    await expect.poll(fromNeighbour).toEqual(open);
    host.stopServers();
    await networks.teardown();
    expect(rulesOfUfw()).toBe(before);
    run("--force", "disable");
  });

  const rulesOfUfw = (): string => ["iptables", "ip6tables"].map((program) => host.run(host.host, program, "-S", "FORWARD")).join("");
});
