import { IMAGE, removeAll, type Row, timed } from "../row.ts";

/** Rows about networks themselves, over the API. */
const NETWORK = "bench-network";

export const networkCreateRemove: Row = {
  name: "network-create-rm",
  unit: "ms",
  target: 0.3,
  better: "less",
  rounds: 5,
  async measure(engine) {
    return await timed(async () => {
      await engine.ok("POST", "/networks/create", { Name: NETWORK });
      await engine.ok("DELETE", `/networks/${NETWORK}`);
    });
  },
  async clean(engine) {
    await engine.api("DELETE", `/networks/${NETWORK}`);
  },
};

const PORTS = 1000;
const FIRST_PORT = 21_000;

/** A container comes up with a thousand published ports in a range, without what it takes without them. */
export const publishThousand: Row = {
  name: "publish-1000",
  unit: "ms",
  target: 0.1,
  better: "less",
  rounds: 3,
  async measure(engine) {
    const Cmd = ["sleep", "100000"];
    const ports = Array.from({ length: PORTS }, (_, index) => `${index + 1}/tcp`);
    const PortBindings = Object.fromEntries(
      ports.map((key, index) => [key, [{ HostIp: "127.0.0.1", HostPort: String(FIRST_PORT + index) }]]),
    );
    const ExposedPorts = Object.fromEntries(ports.map((key) => [key, {}]));
    const plain = await timed(() => engine.run({ Image: IMAGE, Cmd }));
    const published = await timed(() => engine.run({ Image: IMAGE, Cmd, ExposedPorts, HostConfig: { PortBindings } }));
    await removeAll(engine);
    return Math.max(0, published - plain);
  },
  clean: removeAll,
};

const CONTAINER = "bench-guest";

/** A running container comes to a network and leaves it. */
export const networkConnect: Row = {
  name: "network-connect",
  unit: "ms",
  target: 0.6,
  better: "less",
  rounds: 5,
  async prepare(engine) {
    await engine.ok("POST", "/networks/create", { Name: NETWORK });
    await engine.docker("run", "-d", "--name", CONTAINER, IMAGE, "sleep", "100000");
  },
  async measure(engine) {
    return await timed(async () => {
      await engine.ok("POST", `/networks/${NETWORK}/connect`, { Container: CONTAINER });
      await engine.ok("POST", `/networks/${NETWORK}/disconnect`, { Container: CONTAINER });
    });
  },
  async clean(engine) {
    await removeAll(engine);
    await engine.api("DELETE", `/networks/${NETWORK}`);
  },
};
