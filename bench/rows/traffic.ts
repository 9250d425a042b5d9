import { spawn } from "node:child_process";
import { connect, type Socket } from "node:net";
import type { BenchEngine } from "../engine.ts";
import { IMAGE, removeAll, type Row } from "../row.ts";

/** Rows that send bytes between containers, and from the host's loopback to a published port. */
const BYTES = 2 * 2 ** 30;
const PORT = 18090;
const addresses = new Map<BenchEngine, string>();

/** A web server with one large sparse file. */
const SERVER = { Image: IMAGE, Cmd: ["sh", "-c", `mkdir /www && truncate -s ${BYTES} /www/big && exec httpd -f -p 80 -h /www`] };
const ECHO = { Image: IMAGE, Cmd: ["sh", "-c", "while :; do nc -l -p 80 -e cat; done"] };
const PUBLISHED = {
  ExposedPorts: { "80/tcp": {} },
  HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: String(PORT) }] } },
};

const gigabits = (milliseconds: number): number => (BYTES * 8) / 1e6 / milliseconds;

async function addressOf(engine: BenchEngine, id: string): Promise<string> {
  const shown = JSON.parse(await engine.ok("GET", `/containers/${id}/json`)) as {
    NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
  };
  return shown.NetworkSettings.Networks["bridge"]?.IPAddress ?? "";
}

/** Seconds, with two digits. */
const CLOCK = "cut -d' ' -f1 /proc/uptime";

export const between: Row = {
  name: "container-to-container",
  unit: "Gbit/s",
  target: 1,
  better: "more",
  rounds: 3,
  prepare: async (engine) => void addresses.set(engine, await addressOf(engine, await engine.run(SERVER))),
  async measure(engine) {
    const fetch = `wget -q -O /dev/null http://${addresses.get(engine) ?? ""}/big`;
    const id = await engine.run({ Image: IMAGE, Tty: true, Cmd: ["sh", "-c", `${CLOCK}; ${fetch} || exit; ${CLOCK}`] });
    await engine.ok("POST", `/containers/${id}/wait`);
    // By the client's own clock: how soon a start is answered, and an end is seen, are rows of their own.
    const printed = (await engine.ok("GET", `/containers/${id}/logs?stdout=1`)).trim().split(/\s+/).map(Number);
    const [began, ended] = printed;
    if (began === undefined || ended === undefined) throw new Error(`${engine.name}: the client has failed`);
    return gigabits((ended - began) * 1000);
  },
  clean: removeAll,
};

export const published: Row = {
  name: "published-throughput",
  unit: "Gbit/s",
  target: 2,
  better: "more",
  rounds: 3,
  async measure(engine) {
    const id = await engine.run({ ...SERVER, ...PUBLISHED });
    const socket = await talk("GET / HTTP/1.0\r\n\r\n");
    socket.destroy();
    const began = performance.now();
    const received = await download();
    const took = performance.now() - began;
    if (received < BYTES) throw new Error(`${engine.name}: only ${received} bytes arrived`);
    await engine.ok("DELETE", `/containers/${id}?force=1`);
    return gigabits(took);
  },
  clean: removeAll,
};

export const roundTrip: Row = {
  name: "published-rtt",
  unit: "µs",
  target: 0.2,
  better: "less",
  rounds: 3,
  async measure(engine) {
    const id = await engine.run({ ...ECHO, ...PUBLISHED });
    const figure = await medianRoundTrip(PORT);
    await engine.ok("DELETE", `/containers/${id}?force=1`);
    return figure;
  },
  // The same program and the same client on the host's loopback, without a container, a bridge or a rule.
  async floor() {
    const server = spawn("busybox", ["nc", "-l", "-p", String(PORT + 1), "-e", "cat"], { stdio: "ignore" });
    try {
      return await medianRoundTrip(PORT + 1);
    } finally {
      server.kill();
    }
  },
  clean: removeAll,
};

/** Microseconds until a byte comes back, the median of 500. */
async function medianRoundTrip(port: number): Promise<number> {
  const socket = await talk("x", port);
  const took: number[] = [];
  for (let round = 0; round < 500; round++) {
    const began = performance.now();
    const answered = new Promise((resolve) => socket.once("data", resolve));
    socket.write("x");
    await answered;
    took.push((performance.now() - began) * 1000);
  }
  socket.destroy();
  return took.sort((a, b) => a - b)[250] ?? NaN;
}

/** A connection on which `greeting` was sent and something came back; a server that is not up yet is tried again (a proxy accepts for it). */
async function talk(greeting: string, port = PORT): Promise<Socket> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const socket = connect(port, "127.0.0.1").setNoDelay(true);
    const answered = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => socket.write(greeting));
      socket.once("data", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("close", () => resolve(false));
    });
    if (answered) return socket;
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`nothing answers on port ${port}`);
}

function download(): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = 0;
    const socket = connect({
      port: PORT,
      host: "127.0.0.1",
      onread: { buffer: Buffer.alloc(1 << 20), callback: (bytes) => ((received += bytes), true) },
    });
    socket.once("connect", () => socket.write("GET /big HTTP/1.0\r\n\r\n"));
    socket.once("error", reject);
    socket.once("close", () => resolve(received));
  });
}
