import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import * as dns from "dns-packet";
import { afterAll, beforeAll } from "vitest";

/** A name server on an address of loopback that is nobody else's. */
export interface FakeDns {
  readonly address: string;
  /** Names that it was asked for, in order. */
  readonly asked: string[];
}

/**
 * Knows `NAME.example` (192.0.2.1, for a minute), `long.example` (a hundred addresses, over TCP alone), and that there is no
 * `nosuch.example`; to everything else it says that it has failed.
 */
export function useFakeDns(): FakeDns {
  const address = `127.53.${process.pid % 250}.${1 + ((process.pid >> 8) % 250)}`;
  const asked: string[] = [];
  const udp = createSocket("udp4");
  const tcp = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => {
      const answer = respond(bytes.subarray(2), true);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      socket.write(Buffer.concat([length, answer]));
    });
  });
  udp.on("message", (packet, { port, address: from }) => {
    asked.push(dns.decode(packet).questions?.[0]?.name ?? "");
    udp.send(respond(packet, false), port, from);
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => udp.bind(53, address, resolve));
    await new Promise<void>((resolve) => tcp.listen(53, address, resolve));
  });
  afterAll(() => {
    udp.close();
    tcp.close();
  });
  return { address, asked };
}

const SOA = { mname: "ns.example", rname: "root.example", serial: 1, refresh: 60, retry: 60, expire: 60, minimum: 60 };

function respond(packet: Buffer, whole: boolean): Buffer {
  const { id = 0, questions = [] } = dns.decode(packet);
  const [question] = questions as [dns.Question];
  const { name, type } = question;
  const base = { type: "response" as const, id, questions };
  const a = (data: string) => ({ type: "A" as const, name, ttl: 60, data });
  if (name === "nosuch.example")
    return dns.encode({ ...base, flags: 3, authorities: [{ type: "SOA", name: "example", ttl: 60, data: SOA }] });
  if (!name.endsWith(".example")) return dns.encode({ ...base, flags: 2 });
  if (name !== "long.example") return dns.encode({ ...base, flags: 0, answers: type === "A" ? [a("192.0.2.1")] : [] });
  if (!whole) return dns.encode({ ...base, flags: dns.TRUNCATED_RESPONSE });
  return dns.encode({ ...base, flags: 0, answers: Array.from({ length: 100 }, (_, index) => a(`198.51.100.${index}`)) });
}
