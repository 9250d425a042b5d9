/**
 * A volume driver: volumes are folders of an SFTP server, and every host that runs this against the same folder has the same volumes.
 *
 * It speaks Docker's volume-plugin protocol (JSON by POST, an error in a field `Err`) on a Unix socket. Files go through sshfs, whose mount
 * the host sees because the folder that it stands in is shared (`bind-propagation=rshared`). The server holds all that there is to know:
 *
 *     <folder>/NAME            a volume
 *     <folder>/.in-use/NAME/   a note `HOST@RUN` for each run of a container that has it mounted: no other host removes it meanwhile
 *     <folder>/.removed-…      the content of a removed volume, while it is being deleted
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** `user@host:/folder`; the folder has to be there. */
const target = process.env["SFTP_TARGET"] ?? "";
const port = process.env["SFTP_PORT"] ?? "22";
/** `id`, a private key, and `known_hosts`: a server that is not in it is not spoken to. */
const keys = process.env["SFTP_KEYS"] ?? "/keys";
const socket = process.env["PLUGIN_SOCKET"] ?? "/run/docker/plugins/sftp.sock";
/** The same path on the host and in here. */
const root = join(process.env["MOUNT_ROOT"] ?? "/var/lib/volume-sftp", "server");

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/;
const CONNECT_MS = 20_000;
/** A write is never reported as done by fsync or close when it is not: after a cut, files that were open fail with EIO, and new ones work. */
const OPTIONS = [
  ["reconnect", "ServerAliveInterval=5", "ServerAliveCountMax=2", "ConnectTimeout=10", "BatchMode=yes", "StrictHostKeyChecking=yes"],
  [`UserKnownHostsFile=${keys}/known_hosts`, `IdentityFile=${keys}/id`, "IdentitiesOnly=yes"],
  // Whoever logs in there is root in here, and other hosts' changes are seen at once.
  ["allow_other", "default_permissions", "idmap=user", "dir_cache=no", "attr_timeout=0", "entry_timeout=0"],
].flat();

interface Request {
  readonly Name?: string;
  readonly ID?: string;
  readonly Opts?: Readonly<Record<string, string>>;
}

let server: ChildProcess | undefined;
let connecting: Promise<void> | undefined;

/** Has the server's folder mounted; one attempt at a time, whoever asks. */
async function connected(): Promise<void> {
  if (await isMounted()) return;
  connecting ??= connect().finally(() => (connecting = undefined));
  await connecting;
}

async function connect(): Promise<void> {
  disconnect();
  mkdirSync(root, { recursive: true });
  const child = spawn("sshfs", ["-f", "-p", port, "-o", OPTIONS.join(","), target, root], { stdio: ["ignore", "inherit", "pipe"] });
  server = child;
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (words = (words + text).slice(-2000)));
  child.once("error", (error) => (words = error.message));
  for (const deadline = Date.now() + CONNECT_MS; Date.now() < deadline; await delay(20)) {
    if (await isMounted()) return;
    if (child.exitCode !== null || child.pid === undefined) break;
  }
  disconnect();
  throw new Error(`${target} cannot be reached: ${words.trim().split("\n").join("; ") || "no answer"}`);
}

/** What an earlier process of this driver left mounted is dead, and in the way. Whoever has files open there gets errors for them. */
function disconnect(): void {
  server?.kill();
  server = undefined;
  try {
    execFileSync("umount", ["-l", root], { stdio: "ignore" });
  } catch {
    // Nothing is mounted.
  }
}

/** A server that cannot be reached just now is still mounted: files that containers have open may be well again. @throws what the mount says. */
async function isMounted(): Promise<boolean> {
  const inside = await stat(root).catch(unless("ENOENT", "ENOTCONN"));
  return inside !== undefined && inside.dev !== (await stat(dirname(root))).dev;
}

const verbs: Readonly<Record<string, (request: Request) => object | Promise<object>>> = {
  "Plugin.Activate": () => ({ Implements: ["VolumeDriver"] }),
  "VolumeDriver.Capabilities": () => ({ Capabilities: { Scope: "global" } }),

  async "VolumeDriver.Create"({ Name, Opts }) {
    const [option] = Object.keys(Opts ?? {});
    if (option !== undefined) throw new Error(`there is no option ${JSON.stringify(option)}: where volumes are is the driver's to know`);
    await mkdir(await placeOf(Name)).catch(unless("EEXIST"));
    return {};
  },

  /** Out of sight in one step: a cut leaves no half of a volume under its name. */
  async "VolumeDriver.Remove"({ Name }) {
    const path = await existing(Name);
    // The engine of this host asks only when nobody here has it: what a run left whose end no driver saw counts for nothing.
    const holders = (await readdir(notesOf(Name)).catch(unless("ENOENT"))) ?? [];
    const holder = holders.find((name) => !name.startsWith(`${hostname()}@`));
    if (holder !== undefined) throw new Error(`volume ${Name} is in use by ${holder}`);
    const removed = join(root, `.removed-${randomUUID()}`);
    await rename(path, removed);
    await rm(removed, { recursive: true, force: true });
    await rm(notesOf(Name), { recursive: true, force: true });
    return {};
  },

  async "VolumeDriver.Mount"({ Name, ID = "" }) {
    const path = await existing(Name);
    await mkdir(notesOf(Name), { recursive: true });
    await writeFile(noteOf(Name, ID), "");
    return { Mountpoint: path };
  },

  async "VolumeDriver.Unmount"({ Name, ID = "" }) {
    await connected();
    await rm(noteOf(Name, ID), { force: true });
    return {};
  },

  async "VolumeDriver.Path"({ Name }) {
    return { Mountpoint: await existing(Name) };
  },

  async "VolumeDriver.Get"({ Name }) {
    const path = await existing(Name);
    const CreatedAt = (await stat(path)).ctime.toISOString();
    return { Volume: { Name, Mountpoint: path, CreatedAt, Status: { target } } };
  },

  async "VolumeDriver.List"() {
    await connected();
    const entries = await readdir(root, { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory() && NAME.test(entry.name));
    return { Volumes: folders.map(({ name }) => ({ Name: name, Mountpoint: join(root, name) })) };
  },
};

/** A name becomes a path on somebody else's disk. */
async function placeOf(name = ""): Promise<string> {
  if (!NAME.test(name)) throw new Error(`${JSON.stringify(name)} is no name of a volume`);
  await connected();
  return join(root, name);
}

async function existing(name?: string): Promise<string> {
  const path = await placeOf(name);
  if (!(await stat(path).catch(unless("ENOENT")))?.isDirectory()) throw new Error(`no such volume: ${name}`);
  return path;
}

function notesOf(name = ""): string {
  if (!NAME.test(name)) throw new Error(`${JSON.stringify(name)} is no name of a volume`);
  return join(root, ".in-use", name);
}

function noteOf(name: string | undefined, id: string): string {
  return join(notesOf(name), `${hostname()}@${id.replaceAll(/[^a-zA-Z0-9]/g, "").slice(0, 64)}`);
}

function unless(...codes: readonly string[]): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (!codes.includes(error.code ?? "")) throw error;
  };
}

async function answer(call: string, body: string): Promise<object> {
  try {
    const verb = verbs[call];
    if (verb === undefined) throw new Error(`no such call: ${call}`);
    return await verb(JSON.parse(body || "{}") as Request);
  } catch (error) {
    return { Err: error instanceof Error ? error.message : String(error) };
  }
}

const api = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => {
    void answer((request.url ?? "").slice(1), Buffer.concat(pieces).toString()).then((said) => response.end(JSON.stringify(said)));
  });
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    disconnect();
    rmSync(socket, { force: true });
    process.exit(0);
  });
}

mkdirSync(dirname(socket), { recursive: true });
// Of a driver that was killed.
rmSync(socket, { force: true });
api.listen(socket);
