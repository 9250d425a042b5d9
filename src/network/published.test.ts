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
