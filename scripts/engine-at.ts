import { existsSync, readFileSync } from "node:fs";
import { connect, type EngineClient } from "../src/client/engine-client.ts";
import { instanceOf } from "../src/spec/instance.ts";

/** The system daemon, as `npm start` and `npm stop` know it. */
export const instance = instanceOf("dhow");
export const SOCKET = `${instance.execRoot}/dhow.sock`;
export const HOST = `unix://${SOCKET}`;
export const PID_FILE = `${instance.execRoot}/dhowd.pid`;
export const LOG_FILE = "/var/log/dhowd.log";

export const say = (text: string): void => console.log(`\u001b[1m==>\u001b[0m ${text}`);

/** Ends the script with one clear line. */
export function fail(text: string): never {
  console.error(`dhow: ${text}`);
  process.exit(1);
}

/** A client of the daemon, when it answers. */
export async function runningEngine(): Promise<EngineClient | undefined> {
  if (!existsSync(SOCKET)) return undefined;
  const client = connect(HOST);
  return client.system.ping().then(
    () => client,
    () => undefined,
  );
}

/** The daemon's process, while it lives. */
export function daemonPid(): number | undefined {
  if (!existsSync(PID_FILE)) return undefined;
  const pid = Number(readFileSync(PID_FILE, "utf8"));
  return pid > 0 && existsSync(`/proc/${pid}`) ? pid : undefined;
}

export const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
