/** The second half of `npm start`, when everything is installed and built: the daemon, the starter image, its container, and how to go on. */
import { spawn } from "node:child_process";
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { messageOf } from "../src/errors/engine-error.ts";
import type { EngineClient } from "../src/client/engine-client.ts";
import { fail, HOST, instance, LOG_FILE, pause, runningEngine, say } from "./engine-at.ts";
import { HELLO_REFERENCE, helloArchive } from "./hello/image.ts";

const CONTAINER = "dhow-hello";
const PREFERRED_PORT = 8080;

try {
  const engine = (await runningEngine()) ?? (await startDaemon());
  await ensureImage(engine);
  const port = await ensureContainer(engine);
  await showContainer(engine);
  await fetchPage(port);
  explain(port);
  engine.close();
} catch (error) {
  fail(messageOf(error));
}

async function startDaemon(): Promise<EngineClient> {
  say(`Daemon: starting dhowd on ${HOST} (log: ${LOG_FILE})`);
  mkdirSync(instance.execRoot, { recursive: true });
  const log = openSync(LOG_FILE, "a", 0o640);
  const begin = fstatSync(log).size;
  const launcher = fileURLToPath(new URL("../bin/dhowd", import.meta.url));
  const daemon = spawn(launcher, [], { detached: true, stdio: ["ignore", log, log], cwd: "/" });
  closeSync(log);
  daemon.unref();
  for (let attempt = 0; attempt < 300 && daemon.exitCode === null; attempt++) {
    const engine = await runningEngine();
    if (engine !== undefined) return engine;
    await pause(50);
  }
  const words = readFileSync(LOG_FILE).subarray(begin).toString().trimEnd().split("\n").slice(-8).join("\n  ");
  fail(`the daemon did not come up. What it said at the end (${LOG_FILE}):\n  ${words}`);
}

async function ensureImage(engine: EngineClient): Promise<void> {
  const present = await engine.images.inspect(HELLO_REFERENCE).then(
    () => true,
    () => false,
  );
  if (present) return say(`Image: ${HELLO_REFERENCE} is there`);
  say(`Image: making ${HELLO_REFERENCE} from this host's busybox, and loading it`);
  for await (const _line of await engine.images.load(Readable.from([helloArchive()]))) continue;
}

/** Reuses the one that runs; what is left of an earlier one gives way. Returns the published port. */
async function ensureContainer(engine: EngineClient): Promise<number> {
  const [found] = await engine.containers.list({ all: true, filters: { name: [`^/${CONTAINER}$`] } });
  if (found?.State === "running") {
    say(`Container: ${CONTAINER} runs already`);
    return publishedPort(engine);
  }
  if (found?.Id !== undefined) await engine.containers.remove(found.Id, { force: true });
  const port = (await isFree(PREFERRED_PORT)) ? String(PREFERRED_PORT) : "";
  await engine.containers.create(
    {
      Image: HELLO_REFERENCE,
      HostConfig: {
        PortBindings: { "8080/tcp": [{ HostIp: "127.0.0.1", HostPort: port }] },
        // So that there is something to see.
        Memory: 64 * 1024 * 1024,
        PidsLimit: 64,
        NanoCpus: 500_000_000,
      },
    },
    { name: CONTAINER },
  );
  await engine.containers.start(CONTAINER);
  const published = await publishedPort(engine);
  say(`Container: ${CONTAINER} started, port 8080 published on 127.0.0.1:${published}`);
  return published;
}

async function publishedPort(engine: EngineClient): Promise<number> {
  const { NetworkSettings } = await engine.containers.inspect(CONTAINER);
  return Number(NetworkSettings?.Ports?.["8080/tcp"]?.[0]?.HostPort);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "0.0.0.0", () => server.close(() => resolve(true)));
  });
}

/** What the container printed: its own view of itself. It may still be writing. */
async function showContainer(engine: EngineClient): Promise<void> {
  say("What it sees of itself:");
  let report = "";
  for (let attempt = 0; attempt < 100 && !report.includes("Seccomp"); attempt++) {
    report = "";
    for await (const { data } of await engine.containers.logs(CONTAINER, { stdout: true, stderr: true }))
      report += Buffer.from(data).toString();
    await pause(30);
  }
  console.log(report.replace(/^/gm, "    "));
}

async function fetchPage(port: number): Promise<void> {
  const address = `http://127.0.0.1:${port}/`;
  for (let attempt = 0; attempt < 100; attempt++) {
    const page = await fetch(address).catch(() => undefined);
    const title = /<title>(.*)<\/title>/.exec((await page?.text()) ?? "")?.[1];
    if (title !== undefined) return say(`Its page: ${address} answers ${page?.status}: "${title}"`);
    await pause(50);
  }
  fail(`${address} does not answer; see ${LOG_FILE}`);
}

function explain(port: number): void {
  console.log(`
Dhow runs. Go on with your own docker command line:

    export DOCKER_HOST=${HOST}
    docker ps
    docker run --rm -it ${HELLO_REFERENCE} sh

or keep it as a context:   docker context create dhow --docker host=${HOST}
or take Dhow's own client: bin/dhow ps
The page of the container: http://127.0.0.1:${port}/
The daemon's log:          ${LOG_FILE}

To stop everything: npm stop`);
}
