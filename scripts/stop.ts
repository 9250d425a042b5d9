/** `npm stop`: containers through the API, then the daemon, and then a look whether the host is as it was. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { messageOf } from "../src/errors/engine-error.ts";
import type { EngineClient } from "../src/client/engine-client.ts";
import { daemonPid, fail, instance, pause, runningEngine, say } from "./engine-at.ts";

const AT_ONCE = 8;

try {
  const engine = await runningEngine();
  if (engine !== undefined) await stopContainers(engine);
  await stopDaemon();
  const left = await residue();
  if (left.length > 0) fail(`stopped, but this is left on the host:\n  ${left.join("\n  ")}`);
  say("Nothing is left mounted, and no interface, rule or control group of Dhow's is left");
} catch (error) {
  fail(messageOf(error));
}

async function stopContainers(engine: EngineClient): Promise<void> {
  const waiting = await engine.containers.list();
  if (waiting.length > 0) say(`Stopping ${waiting.length} container${waiting.length === 1 ? "" : "s"}`);
  const stopNext = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await stopContainer(engine, next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, stopNext));
  engine.close();
}

/** One that cannot be stopped keeps neither the others nor the daemon from being: what is left of it is found at the end. */
async function stopContainer(
  engine: EngineClient,
  { Id = "", Names }: { Id?: string | undefined; Names?: string[] | undefined },
): Promise<void> {
  await engine.containers
    .stop(Id)
    .catch((error: unknown) => say(`${Names?.[0]?.slice(1) ?? Id} could not be stopped: ${messageOf(error)}`));
}

async function stopDaemon(): Promise<void> {
  const pid = daemonPid();
  if (pid === undefined) return say("The daemon does not run");
  say("Stopping the daemon");
  process.kill(pid, "SIGTERM");
  for (let attempt = 0; attempt < 600; attempt++) {
    if (!existsSync(`/proc/${pid}`)) return;
    await pause(50);
  }
  fail(`dhowd (process ${pid}) does not end; its log says why`);
}

/** The kernel takes namespaces and control groups down behind our back: it may need a moment. */
async function residue(): Promise<string[]> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (leftovers().length === 0) return [];
    await pause(50);
  }
  return leftovers();
}

function leftovers(): string[] {
  const roots = [instance.dataRoot, instance.execRoot];
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((point) => roots.some((root) => point.startsWith(`${root}/`)));
  const links = readdirSync("/sys/class/net").filter((name) => name === instance.bridge || name.startsWith(instance.vethPrefix));
  const groups = readdirSync("/sys/fs/cgroup")
    .map((name) => `/sys/fs/cgroup/${name}${instance.cgroupParent}`)
    .filter((path) => existsSync(path));
  return [
    ...mounts.map((point) => `mount ${point}`),
    ...links.map((name) => `interface ${name}`),
    ...groups.map((path) => `control group ${path}`),
    ...tables().map((table) => `firewall ${table}`),
  ];
}

/** The nft program is not needed to run Dhow: without it nothing is looked at. */
function tables(): string[] {
  try {
    const all = execFileSync("nft", ["list", "tables"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return all.split("\n").filter((line) => line.endsWith(` ${instance.nftTable}`));
  } catch {
    return [];
  }
}
