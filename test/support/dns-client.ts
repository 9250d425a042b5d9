import { createSocket } from "node:dgram";
import { Socket } from "node:net";
import * as dns from "dns-packet";
import { checked, libc } from "#sys/ffi.ts";
import { openSocketIn } from "#sys/netns/name-server-sockets.ts";

export interface DnsAnswer {
  readonly code: string;
  /** `A 10.0.0.2`, in order. */
  readonly records: readonly string[];
  readonly truncated: boolean;
  readonly bytes: number;
}

interface AskOptions {
  readonly transport?: "udp" | "tcp";
  /** UDP size of EDNS. */
  readonly size?: number;
}

/** Asks the embedded server from inside a container, by the process in it; over a codec that is not the engine's own. */
export async function ask(
  pid: number,
  name: string,
  type: dns.RecordType = "A",
  { transport = "udp", size }: AskOptions = {},
): Promise<DnsAnswer> {
  const additionals: dns.OptAnswer[] =
    size === undefined ? [] : [{ type: "OPT", name: ".", udpPayloadSize: size, flags: 0, options: [] } as never];
  const packet = dns.encode({ type: "query", id: 4711, flags: dns.RECURSION_DESIRED, questions: [{ type, name }], additionals });
  const answer = await (transport === "udp" ? overUdp(pid, packet) : overTcp(pid, packet));
  const { id, questions, answers = [], flag_tc: truncated, ...rest } = dns.decode(answer) as dns.DecodedPacket;
  if (id !== 4711 || questions?.[0]?.name !== name) throw new Error("an answer to another question");
  const records = answers.map((record) => `${record.type} ${String((record as { data: unknown }).data)}`);
  return { code: (rest as unknown as { rcode: string }).rcode, records, truncated, bytes: answer.length };
}

/** Sends one packet as it is, and gives what comes back within a moment. */
export async function overUdp(pid: number, packet: Uint8Array, patience = 6000): Promise<Buffer> {
  const socket = createSocket("udp4");
  try {
    return await new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error("no answer")), patience).unref();
      socket.on("error", reject);
      socket.on("message", (answer, { address, port }) => {
        if (address === "127.0.0.11" && port === 53) resolve(answer);
        else reject(new Error(`an answer from ${address}:${port}`));
      });
      socket.bind({ fd: openSocketIn(`/proc/${pid}/ns/net`, "udp") }, () => socket.send(packet, 53, "127.0.0.11"));
    });
  } finally {
    socket.close();
  }
}

async function overTcp(pid: number, packet: Uint8Array): Promise<Buffer> {
  const socket = new Socket({ fd: openSocketIn(`/proc/${pid}/ns/net`, "tcp") });
  try {
    return await new Promise((resolve, reject) => {
      let received = Buffer.alloc(0);
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("closed")));
      socket.on("data", (bytes: Buffer) => {
        received = Buffer.concat([received, bytes]);
        if (received.length >= 2 && received.length >= received.readUInt16BE(0) + 2) resolve(received.subarray(2));
      });
      const length = Buffer.alloc(2);
      length.writeUInt16BE(packet.length);
      socket.connect(53, "127.0.0.11", () => socket.write(Buffer.concat([length, packet])));
    });
  } finally {
    socket.destroy();
  }
}

const bind = libc("int bind(int fd, const void *address, uint32_t length)");
/** `0.0.0.0:53`, as `struct sockaddr_in`. */
const PORT_53 = Buffer.from([2, 0, 0, 53, ...Array<number>(12).fill(0)]);

/** A name server on port 53 of a container, as a program inside would have it, which says one address to everything. */
export async function serveIn(pid: number, address: string): Promise<{ asked: string[] } & AsyncDisposable> {
  const asked: string[] = [];
  const fd = openSocketIn(`/proc/${pid}/ns/net`, "udp");
  checked("bind", bind(fd, PORT_53, PORT_53.length));
  const socket = createSocket("udp4");
  socket.on("message", (packet, { port, address: from }) => {
    const { id = 0, questions = [] } = dns.decode(packet);
    const [{ name }] = questions as [dns.Question];
    asked.push(name);
    const answers = [{ type: "A" as const, name, ttl: 1, data: address }];
    socket.send(dns.encode({ type: "response", id, flags: 0, questions: questions as dns.Question[], answers }), port, from);
  });
  await new Promise<void>((resolve) => socket.bind({ fd }, resolve));
  return { asked, [Symbol.asyncDispose]: async () => await new Promise<void>((resolve) => socket.close(() => resolve())) };
}
