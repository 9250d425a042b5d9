/** Keeps one log until it is killed: what a daemon does for one container. Arguments: the folder, the layout as JSON. */
import { silentLogger } from "#lib/logger.ts";
import { LEASE_SIGNAL } from "#sys/files/lease.ts";
import { FileLogKeeper } from "../log-keeper.ts";
import type { LogLayout } from "../../layout.ts";

const [folder = "", layout = "{}"] = process.argv.slice(2);
const onLeaseSignal = (listener: () => void): (() => void) => {
  process.on(LEASE_SIGNAL, listener);
  return () => void process.off(LEASE_SIGNAL, listener);
};
const keeper = new FileLogKeeper({ logger: silentLogger, onLeaseSignal });
keeper.watch(folder, JSON.parse(layout) as LogLayout);
await keeper.idle(folder);
process.stdout.write("up");
setInterval(() => {}, 1000);
