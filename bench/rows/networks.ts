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
