import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { createServer, type Server } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as dns from "dns-packet";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createNamespace, inNamespace, removeNamespace, withNamespaceFile } from "#sys/netns/namespace.ts";
import { openSocketIn } from "#sys/netns/name-server-sockets.ts";
import { checked, libc } from "#sys/ffi.ts";
import { closeFd } from "#sys/processes/pipe.ts";
import { parseQuery, type Query } from "./message.ts";
import { askUpstream, framed } from "./upstream.ts";

/** An address of loopback that is nobody's: servers are on port 53. */
const ADDRESS = `127.53.${process.pid % 250}.${(process.pid >> 8) % 250}`;
const server = { address: ADDRESS, namespace: undefined };
const ask = askUpstream({ openSocketIn: async (namespace, protocol) => openSocketIn(namespace, protocol) });
const patience = (): AbortSignal => AbortSignal.timeout(3000);

let udp: Socket;
let tcp: Server | undefined;
let onQuery: (packet: Buffer, from: RemoteInfo) => void;

beforeEach(async () => {
  udp = createSocket("udp4");
  udp.on("message", (packet, from) => onQuery(packet, from));
  await new Promise<void>((resolve) => udp.bind(53, ADDRESS, resolve));
});
afterEach(() => {
  udp.close();
  tcp?.close();
  tcp = undefined;
});

function query(name = "web.example"): Query {
  return parseQuery(dns.encode({ type: "query", id: 7, flags: dns.RECURSION_DESIRED, questions: [{ type: "A", name }] })) as Query;
}

function answerTo(packet: Buffer, change: Partial<dns.Packet> = {}): Buffer {
  const { id = 0, questions = [] } = dns.decode(packet);
  const answers = [{ type: "A" as const, name: questions[0]?.name ?? "", ttl: 60, data: "192.0.2.1" }];
  return dns.encode({ type: "response", id, flags: 0, questions: questions as dns.Question[], answers, ...change });
}

function serveTcp(onPacket: (packet: Buffer) => Buffer | undefined): Promise<void> {
  tcp = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => {
      const response = onPacket(bytes.subarray(2));
      if (response === undefined) socket.destroy();
      // In two pieces, as networks do.
      else for (const part of [framed(response).subarray(0, 5), framed(response).subarray(5)]) socket.write(part);
    });
  });
  return new Promise((resolve) => tcp?.listen(53, ADDRESS, resolve));
}

it("asks with an identifier and a port of its own each time", async () => {
  const seen = new Set<string>();
  onQuery = (packet, from) => {
    seen.add(`${packet.readUInt16BE(0)}`).add(`port ${from.port}`);
    udp.send(answerTo(packet), from.port, from.address);
  };
  for (let count = 0; count < 20; count++) expect(await ask(server, query(), patience())).toMatchObject({ transport: "udp" });
  expect(seen.size).toBeGreaterThan(36);
});

it("hears nothing but the answer to its question from that server", async () => {
  const stranger = createSocket("udp4");
  onQuery = (packet, from) => {
    const reply = (response: Buffer): void => udp.send(response, from.port, from.address);
    stranger.send(answerTo(packet), from.port, from.address, () => {
      reply(answerTo(packet, { id: (packet.readUInt16BE(0) + 1) % 65_536 }));
      reply(answerTo(packet, { questions: [{ type: "A", name: "evil.example" }] }));
      reply(packet);
      reply(Buffer.from("x"));
      reply(answerTo(packet, { answers: [{ type: "A", name: "web.example", ttl: 1, data: "192.0.2.99" }] }));
    });
  };
  const { packet } = await ask(server, query(), patience());
  expect(dns.decode(packet).answers).toMatchObject([{ data: "192.0.2.99" }]);
  stranger.close();
});

it("gives up on a server that sends nothing but rubbish", async () => {
  onQuery = (_, from) => {
    for (let count = 0; count < 100; count++) udp.send("x", from.port, from.address);
  };
  await expect(ask(server, query(), patience())).rejects.toThrow("sends what is no answer");
});

it("sends a lost packet again", async () => {
  let packets = 0;
  onQuery = (packet, from) => {
    packets += 1;
    if (packets > 1) udp.send(answerTo(packet), from.port, from.address);
  };
  await ask(server, query(), patience());
  expect(packets).toBe(2);
});

it("asks again over TCP for what was cut off, and takes the cut answer where there is no TCP", async () => {
  onQuery = (packet, from) => udp.send(answerTo(packet, { flags: dns.TRUNCATED_RESPONSE, answers: [] }), from.port, from.address);
  expect(await ask(server, query(), patience())).toMatchObject({ transport: "udp" });
  const answers = Array.from({ length: 100 }, (_, index) => ({
    type: "A" as const,
    name: "web.example",
    ttl: 60,
    data: `192.0.2.${index}`,
  }));
  await serveTcp((packet) => answerTo(packet, { answers }));
  const { packet, transport } = await ask(server, query(), patience());
  expect(transport).toBe("tcp");
  expect(dns.decode(packet).answers).toHaveLength(100);
  tcp?.close();
  await serveTcp(() => undefined);
  expect(await ask(server, query(), patience())).toMatchObject({ transport: "udp" });
});

it("learns at once that nobody listens", async () => {
  await expect(ask({ address: "127.53.255.254", namespace: undefined }, query(), patience())).rejects.toThrow("ECONNREFUSED");
});

it("waits no longer than it is wanted", async () => {
  onQuery = () => {};
  const over = new AbortController();
  const asked = ask(server, query(), over.signal);
  over.abort(new Error("enough"));
  await expect(asked).rejects.toThrow("enough");
});

it("asks from inside a namespace, over UDP and TCP", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dhow-dns-"));
  const namespace = join(folder, "ns");
  const listening: { udp?: Socket; tcp?: Server } = {};
  try {
    createNamespace(namespace, () => {});
    // Loopback is up with an address in it as soon as somebody binds there and the link is up.
    withNamespaceFile(namespace, (fd) => inNamespace(fd, bringLoopbackUp));
    const inner = createSocket("udp4");
    listening.udp = inner;
    inner.on("message", (packet, from) => inner.send(answerTo(packet, { flags: dns.TRUNCATED_RESPONSE }), from.port, from.address));
    await new Promise<void>((resolve) => inner.bind({ fd: boundIn(namespace, "udp") }, resolve));
    const innerTcp = createServer((socket) => socket.on("data", (bytes: Buffer) => socket.end(framed(answerTo(bytes.subarray(2))))));
    listening.tcp = innerTcp;
    await new Promise<void>((resolve) => innerTcp.listen({ fd: boundIn(namespace, "tcp") }, resolve));
    expect(await ask({ address: "127.0.0.1", namespace }, query(), patience())).toMatchObject({ transport: "tcp" });
  } finally {
    listening.udp?.close();
    listening.tcp?.close();
    removeNamespace(namespace);
    rmSync(folder, { recursive: true });
  }
});

const bind = libc("int bind(int fd, const void *address, uint32_t length)");
const ioctl = libc("int ioctl(int fd, unsigned long request, void *argument)");

function boundIn(namespace: string, protocol: "udp" | "tcp"): number {
  const fd = openSocketIn(namespace, protocol);
  checked("bind", bind(fd, Buffer.from([2, 0, 0, 53, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), 16));
  return fd;
}

function bringLoopbackUp(): void {
  const socket = createSocketFd();
  const request = Buffer.alloc(40);
  request.write("lo");
  request.writeUInt16LE(1, 16); // IFF_UP
  checked("ioctl", ioctl(socket, 0x8914, request)); // SIOCSIFFLAGS
  closeFd(socket);
}

function createSocketFd(): number {
  return checked("socket", libc("int socket(int domain, int type, int protocol)")(2, 2, 0));
}
