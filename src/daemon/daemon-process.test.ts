import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeCertificate } from "#http/test-certificates.ts";
import { libc } from "#sys/ffi.ts";
import { closeFd } from "#sys/processes/pipe.ts";
import { listenUnix } from "#sys/sockets/unix-socket.ts";
import { launched } from "#test/support/build.ts";
import { eventually } from "#test/support/eventually.ts";

/** The real program with its real launcher, on an instance of its own. */
const launcher = fileURLToPath(new URL("../../bin/dhowd", import.meta.url));
const TIMEOUT = 60_000;

let folder: string;
let children: ChildProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "daemon-"));
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map((child) => ended(child, "SIGTERM")));
  rmSync(folder, { recursive: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly log: () => string;
}

function start(flags: readonly string[] = [], options: { env?: object; inherited?: number; command?: readonly string[] } = {}): Started {
  const roots = [
    "--instance",
    "dhow-c1",
    "--data-root",
    join(folder, "data"),
    "--exec-root",
    join(folder, "run"),
    "--config-file",
    configFile(),
  ];
  const [program = "", ...words] = options.command ?? [launcher];
  const child = spawn(program, [...words, ...roots, ...flags], {
    env: { PATH: process.env["PATH"], HOME: "/root", ...launched, ...options.env },
    stdio: ["ignore", "pipe", "pipe", ...(options.inherited === undefined ? [] : [options.inherited])],
  });
  children.push(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => void (text += String(chunk)));
  return { child, log: () => text };
}

function configFile(content = "{}"): string {
  const path = join(folder, "daemon.json");
  if (!existsSync(path) || content !== "{}") writeFileSync(path, content);
  return path;
}

const serving = (daemon: Started): Promise<void> => eventually(() => expect(daemon.log()).toContain("API listen on"), TIMEOUT);

/** The exit code, or the signal that ended it. */
async function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<number | string | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = new Promise((resolve) => child.once("close", resolve));
    if (signal !== undefined) child.kill(signal);
    await exit;
  }
  return child.exitCode ?? child.signalCode;
}

const socket = (): string => join(folder, "run", "dhow.sock");

function get(path: string, options: http.RequestOptions = {}): Promise<IncomingMessage> {
  return new Promise(
    (resolve, reject) => void http.get({ socketPath: socket(), path, agent: false, ...options }, resolve).on("error", reject),
  );
}

async function textOf(message: IncomingMessage): Promise<string> {
  return Buffer.concat(await message.toArray()).toString();
}

describe("the command line", () => {
  test.each([
    [["--validate"], 0, "configuration OK"],
    [["--version"], 0, "dhowd version "],
    [["--help"], 0, "Usage:  dhowd [OPTIONS]"],
    [["--nonsense"], 1, "unknown flag: --nonsense\nSee 'dhowd --help'."],
    [["--validate", "--containerd", "x"], 1, "--containerd is not implemented yet by Dhow"],
    [["--validate", "-H", "tcp://0.0.0.0:2375"], 1, "refusing to listen on tcp://0.0.0.0:2375 without client certificates"],
    [["--validate", "--tls", "--tlskey", "/nowhere"], 1, "invalid TLS configuration"],
    [["-H", "unix:///nowhere/x.sock"], 1, "failed to start daemon: cannot listen on /nowhere/x.sock"],
  ])("%j ends with %d", { timeout: TIMEOUT }, async (flags, code, text) => {
    const daemon = start(flags);
    expect([await ended(daemon.child), daemon.log()]).toEqual([code, expect.stringContaining(text)]);
  });

  test("a configuration that is not accepted", { timeout: TIMEOUT }, async () => {
    configFile('{"debug":true,"foo":1}');
    const daemon = start(["--validate"]);
    expect(await ended(daemon.child)).toBe(1);
    expect(daemon.log()).toContain("the following directives don't match any configuration option: foo");
  });
});

test("a life: ping, files with their modes, reload, SIGTERM", { timeout: TIMEOUT }, async () => {
  const daemon = start();
  await serving(daemon);
  const ping = await get("/_ping");
  expect([ping.statusCode, await textOf(ping), ping.headers["api-version"], ping.headers["ostype"]]).toEqual([200, "OK", "1.55", "linux"]);
  expect((await get("/v1.24/version")).resume().statusCode).toBe(200);
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
  expect([socket(), join(folder, "data"), join(folder, "data", "dhow.db")].map(modeOf)).toEqual(["660", "710", "600"]);
  // The folder above is open to all: what keeps them out is the daemon's own doing.
  chmodSync(folder, 0o755);
  for (const root of ["data", "run"]) expect(spawnSync("ls", [join(folder, root)], { uid: 65534, gid: 65534 }).status).not.toBe(0);
  expect(readFileSync(join(folder, "run", "dhowd.pid"), "utf8")).toBe(`${daemon.child.pid}\n`);

  const events = await get("/events");
  expect(events.headers["content-type"]).toBe("application/json");
  configFile('{"labels":["a=b"]}');
  daemon.child.kill("SIGHUP");
  const [line] = (await once(events, "data")) as [Buffer];
  expect(JSON.parse(line.toString())).toMatchObject({ Type: "daemon", Action: "reload" });
  expect(JSON.parse(await textOf(await get("/info")))).toMatchObject({ Labels: ["a=b"] });

  expect(await ended(daemon.child, "SIGTERM")).toBe(0);
  expect([existsSync(socket()), existsSync(join(folder, "run", "dhowd.pid"))]).toEqual([false, false]);
});

test("a second daemon is refused; after a crash the next one takes over what was left", { timeout: TIMEOUT }, async () => {
  const first = start();
  await serving(first);
  const second = start(["--pidfile", join(folder, "second.pid"), "-H", `unix://${join(folder, "second.sock")}`]);
  expect([await ended(second.child), second.log()]).toEqual([1, expect.stringContaining("is in use by another daemon")]);
  const third = start();
  expect([await ended(third.child), third.log()]).toEqual([
    1,
    expect.stringContaining(`process with PID ${first.child.pid} is still running`),
  ]);
  expect(await ended(first.child, "SIGKILL")).toBe("SIGKILL");
  expect([existsSync(socket()), existsSync(join(folder, "run", "dhowd.pid"))]).toEqual([true, true]);
  const next = start();
  await serving(next);
  expect((await get("/_ping")).resume().statusCode).toBe(200);
});

test("TCP with TLS lets in who has a certificate of our authority", { timeout: TIMEOUT }, async () => {
  const authority = makeCertificate({ name: "ca", ca: true });
  const server = makeCertificate({ name: "server", issuer: authority, use: "server" });
  const client = makeCertificate({ name: "client", issuer: authority, use: "client" });
  const stranger = makeCertificate({ name: "stranger", use: "client" });
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const files = [
    "--tlscacert",
    write("ca.pem", authority.cert),
    "--tlscert",
    write("cert.pem", server.cert),
    "--tlskey",
    write("key.pem", server.key),
  ];
  const daemon = start(["--tlsverify", ...files, "-H", "tcp://127.0.0.1:0"]);
  await serving(daemon);
  const port = Number(/API listen on tcp:\/\/127\.0\.0\.1:(\d+)/.exec(daemon.log())?.[1]);
  const ping = (credentials: object): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      https
        .get({ port, host: "127.0.0.1", path: "/_ping", ca: authority.cert, agent: false, ...credentials }, (answer) =>
          resolve(answer.resume().statusCode),
        )
        .on("error", reject);
    });
  await expect(ping({ cert: client.cert, key: client.key })).resolves.toBe(200);
  await expect(ping({})).rejects.toThrow();
  await expect(ping({ cert: stranger.cert, key: stranger.key })).rejects.toThrow();
  await expect(get("/_ping", { socketPath: undefined, host: "127.0.0.1", port })).rejects.toThrow();
});

test("systemd: the socket that it opened is served, and it is told of start and end", { timeout: TIMEOUT }, async () => {
  // Not a server of Node's, which would accept connections itself.
  const fd = listenUnix(join(folder, "activated.sock"), "stream");
  const manager = new NotifySocket(`@dhow-test-${process.pid}-${Date.now()}`);
  const daemon = start(["-H", "fd://"], {
    inherited: fd,
    env: { LISTEN_FDS: "1", NOTIFY_SOCKET: manager.address },
    // As systemd does, the process that is to take the sockets is named; exec keeps its number.
    command: ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$0" "$@"', launcher],
  });
  await serving(daemon);
  await eventually(() => expect(manager.received()).toBe("READY=1"));
  expect((await get("/_ping", { socketPath: join(folder, "activated.sock") })).resume().statusCode).toBe(200);
  expect(await ended(daemon.child, "SIGTERM")).toBe(0);
  expect(manager.received()).toBe("READY=1STOPPING=1");
  manager.close();
  closeFd(fd);
});

/** systemd's side of sd_notify. */
class NotifySocket {
  readonly address: string;
  readonly #fd: number;
  #text = "";

  constructor(address: string) {
    this.address = address;
    this.#fd = Number(libc("int socket(int domain, int type, int protocol)")(1, 2 | 0o2000000 | 0o4000, 0));
    const name = Buffer.from(`\u0001\0${address.replace("@", "\0")}`);
    libc("int bind(int fd, const void *address, uint32_t size)")(this.#fd, name, name.length);
  }

  /** Everything so far. */
  received(): string {
    const receive = libc("int64_t recv(int fd, void *data, size_t length, int flags)");
    const data = Buffer.alloc(1000);
    for (
      let length = Number(receive(this.#fd, data, data.length, 0));
      length > 0;
      length = Number(receive(this.#fd, data, data.length, 0))
    ) {
      this.#text += data.toString("utf8", 0, length);
    }
    return this.#text;
  }

  close(): void {
    libc("int close(int fd)")(this.#fd);
  }
}
