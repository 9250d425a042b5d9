import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { BenchEngine } from "../engine.ts";
import { IMAGE, removeAll, type Row } from "../row.ts";

const NETWORK = "bench-names";
const LOAD = fileURLToPath(new URL("../../test/support/dns-load.ts", import.meta.url));
const BODY = { Image: IMAGE, Cmd: ["sleep", "1000"], HostConfig: { NetworkMode: NETWORK } };
const pids = new Map<BenchEngine, number>();

/** Names of containers answered in a second, to one container that has 64 questions under way. The load is a Node program of its own. */
export const names: Row = {
  name: "dns",
  unit: "q/s",
  target: 1,
  better: "more",
  rounds: 3,
  async prepare(engine) {
    await engine.ok("POST", "/networks/create", { Name: NETWORK });
    await engine.run({ ...BODY, NetworkingConfig: { EndpointsConfig: { [NETWORK]: { Aliases: ["web"] } } } });
    const shown = JSON.parse(await engine.ok("GET", `/containers/${await engine.run(BODY)}/json`)) as { State: { Pid: number } };
    pids.set(engine, shown.State.Pid);
  },
  async measure(engine) {
    const command = [`--net=/proc/${pids.get(engine) ?? 0}/ns/net`, process.execPath, LOAD, "web", "64", "2000"];
    const load = spawn("nsenter", command, { stdio: ["ignore", "pipe", "inherit"] });
    const printed = (await load.stdout.setEncoding("utf8").toArray()) as string[];
    const [answered = 0, milliseconds = 0] = printed.join("").split(" ").map(Number);
    if (answered === 0) throw new Error(`${engine.name}: no answers`);
    return (answered / milliseconds) * 1000;
  },
  async clean(engine) {
    await removeAll(engine);
    await engine.api("DELETE", `/networks/${NETWORK}`);
  },
};
