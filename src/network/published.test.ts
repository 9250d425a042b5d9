import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { NetworkService } from "./service.ts";
import { HOST_ADDRESS, IsolatedHost, NEIGHBOUR_ADDRESS, request } from "./testdata/isolated-host.ts";

let host: IsolatedHost;
let networks: NetworkService;

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

beforeAll(async () => {
  host = new IsolatedHost();
  host.plugIn();
  networks = await host.service();
  await networks.restore(new Set());
});

afterAll(async () => {
  host.stopServers();
  await networks.teardown();
  host.assertClean();
  await host.end();
});

async function run(id: string, wishes: Parameters<typeof request>[1]) {
  const view = await networks.prepare(request(id, wishes));
  await networks.connect(id);
  return view;
}

/** Answers every datagram with `text` and the sender's address. */
const udpServer = (text: string) =>
  `const s = require('dgram').createSocket('udp4'); s.on('message', (m, r) => s.send('${text} ' + r.address, r.port, r.address)); s.bind(53)`;

/** Sends from one port all the time, and prints what comes back. */
const udpClient = (port: string, address: string) =>
  `const s = require('dgram').createSocket('udp4'); s.on('message', (m) => console.log(String(m))); s.bind(() =>
   setInterval(() => s.send('x', ${port}, '${address}'), 30))`;

describe("a published UDP port", () => {
  it("answers from its first datagram, also to a client that was there before, and from the next container", async () => {
    const first = await networks.prepare(request("u1", { portBindings: { "53/udp": [{ HostPort: "" }] } }));
    const port = first.ports["53/udp"]?.[0]?.HostPort ?? "";
    let heard = "";
    for (const [namespace, address] of [
      [host.neighbour, HOST_ADDRESS],
      [host.host, "127.0.0.1"],
    ] as const) {
      host.start(namespace, process.execPath, "-e", udpClient(port, address)).stdout?.on("data", (data: Buffer) => (heard += String(data)));
    }
    host.start(first.netns ?? "", process.execPath, "-e", udpServer("first"));
    await networks.connect("u1");
    await expect.poll(() => heard).toContain(`first ${NEIGHBOUR_ADDRESS}`);
    await expect.poll(() => heard).toContain("first 172.17.0.1");
    await networks.release("u1");
    const second = await run("u2", { portBindings: { "53/udp": [{ HostPort: port }] } });
    host.start(second.netns ?? "", process.execPath, "-e", udpServer("second"));
    await expect.poll(() => heard).toContain(`second ${NEIGHBOUR_ADDRESS}`);
    await expect.poll(() => heard).toContain("second 172.17.0.1");
    await networks.release("u2");
  });
});

describe("a published TCP port", () => {
  it("keeps the client's address", async () => {
    const view = await run("t1", { portBindings: { "80/tcp": [{ HostPort: "" }] } });
    const server = "require('http').createServer((q, r) => r.end(q.socket.remoteAddress)).listen(80, '0.0.0.0')";
    host.start(view.netns ?? "", process.execPath, "-e", server);
    const port = view.ports["80/tcp"]?.[0]?.HostPort;
    await expect.poll(() => host.fetch(host.neighbour, `${HOST_ADDRESS}:${port}`)).toBe(NEIGHBOUR_ADDRESS);
    expect(host.fetch(host.host, `${HOST_ADDRESS}:${port}`)).toBe(HOST_ADDRESS);
    expect(host.fetch(host.host, `127.0.0.1:${port}`)).toBe("172.17.0.1");
    await networks.release("t1");
  });

  it("can be a thousand, which takes the event loop next to nothing", async () => {
    const portBindings = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`${2000 + index}/tcp`, [{ HostPort: "" }]]));
    // Of this thread alone: the machine may be busy, and the rules are another thread's work.
    const before = process.threadCpuUsage();
    const view = await run("t2", { portBindings });
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(1000);
    host.serve(view.netns ?? "", "the last of them", 2999);
    await expect
      .poll(() => host.fetch(host.neighbour, `${HOST_ADDRESS}:${view.ports["2999/tcp"]?.[0]?.HostPort}`))
      .toBe("the last of them");
    await networks.release("t2");
  });
});

describe("a running container's ports", () => {
  const at = (port: string | undefined): string => host.fetch(host.neighbour, `${HOST_ADDRESS}:${port}`);
  const bindings = () => networks.sandboxOf("r1")?.ports ?? {};
  const portOf = (key: string) => bindings()[key]?.[0]?.HostPort;

  beforeAll(async () => {
    const view = await run("r1", { exposedPorts: ["81/tcp"], portBindings: { "80/tcp": [{ HostPort: "" }] } });
    host.serve(view.netns ?? "", "eighty", 80);
    host.serve(view.netns ?? "", "eighty-one", 81);
  });

  it("come and go, without a touch to the others", async () => {
    const first = portOf("80/tcp");
    await expect.poll(() => at(first)).toBe("eighty");
    await networks.republish("r1", { Add: { "81/tcp": [{ HostPort: "" }] } });
    const second = portOf("81/tcp");
    await expect.poll(() => at(second)).toBe("eighty-one");
    expect(at(first)).toBe("eighty");
    // In one step, a port of the host's leads elsewhere.
    await networks.republish("r1", { Remove: { "81/tcp": [{}] }, Add: { "80/tcp": [{ HostPort: second ?? "" }] } });
    expect(at(second)).toBe("eighty");
    expect(bindings()).toEqual({
      "80/tcp": [first, second].map((HostPort) => ({ HostIp: "0.0.0.0", HostPort })),
      "81/tcp": null,
    });
    await networks.republish("r1", { Remove: { "80/tcp": [{ HostPort: second ?? "" }] } });
    expect([at(first), at(second)]).toEqual(["eighty", "blocked"]);
    // The host's port is free for others.
    await run("r2", { portBindings: { "80/tcp": [{ HostPort: second ?? "" }] } });
    await networks.release("r2");
  });

  it("are as they were when one is taken, or is none", async () => {
    const before = bindings();
    const first = portOf("80/tcp") ?? "";
    await run("r3", { portBindings: { "80/tcp": [{ HostPort: "" }] } });
    const taken = networks.sandboxOf("r3")?.ports["80/tcp"]?.[0]?.HostPort ?? "";
    const change = { Remove: { "80/tcp": [{}] }, Add: { "81/tcp": [{ HostPort: "" }, { HostPort: taken }] } };
    await expect(networks.republish("r1", change)).rejects.toThrow(`Bind for 0.0.0.0:${taken} failed: port is already allocated`);
    expect(bindings()).toEqual(before);
    expect(at(first)).toBe("eighty");
    const none = networks.republish("r1", { Remove: { "80/tcp": [{ HostPort: "1" }] } });
    await expect(none).rejects.toThrow("port 80/tcp is not published on 1");
    await networks.release("r3");
  });

  it("are none of a container that does not run, or shares the host's network", async () => {
    await expect(networks.republish("nobody", { Add: { "80/tcp": [{}] } })).rejects.toThrow("is not running");
    await run("r4", { mode: "host" });
    await expect(networks.republish("r4", { Add: { "80/tcp": [{}] } })).rejects.toThrow(
      "on no network that its ports could be published from",
    );
    await networks.release("r4");
    await networks.release("r1");
  });
});
