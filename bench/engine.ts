import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** One engine under measurement: a daemon of its own with its own folders, reached with the same docker CLI as the other. */
export class BenchEngine {
  readonly name: string;
  readonly folder: string;
  readonly socket: string;
  readonly #command: (engine: BenchEngine) => { file: string; flags: string[]; path?: string };
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });
  #process: ChildProcess | undefined;

  constructor(name: string, command: (engine: BenchEngine) => { file: string; flags: string[]; path?: string }) {
    this.name = name;
    this.folder = mkdtempSync(join(tmpdir(), `bench-${name}-`));
    this.socket = join(this.folder, "engine.sock");
    this.#command = command;
  }

  /** Starts the daemon and resolves with the milliseconds until it answered. */
  async start(): Promise<number> {
    const { file, flags, path } = this.#command(this);
    const log = openSync(join(this.folder, "daemon.log"), "a");
    const began = performance.now();
    this.#process = spawn(file, flags, {
      stdio: ["ignore", log, log],
      detached: true,
      env: { ...process.env, PATH: path ?? process.env["PATH"] },
    });
    closeSync(log);
    while (!(await this.answers())) {
      if (this.#process.exitCode !== null)
        throw new Error(`${this.name} did not start:\n${readFileSync(join(this.folder, "daemon.log"), "utf8").slice(-3000)}`);
      if (performance.now() - began > 60_000) throw new Error(`${this.name} does not answer`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return performance.now() - began;
  }

  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    this.#agent.destroy();
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }

  /** Removes the daemon's files; it has to be stopped. */
  dispose(): void {
    spawnSync("sh", ["-c", `grep -o ' ${this.folder}[^ ]*' /proc/self/mounts | tac | xargs -r -n1 umount -l`]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async answers(): Promise<boolean> {
    return (
      existsSync(this.socket) &&
      (await this.api("GET", "/_ping").then(
        (answer) => answer.status === 200,
        () => false,
      ))
    );
  }

  api(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const bytes = body === undefined ? undefined : body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
    const type = body instanceof Uint8Array ? "application/x-tar" : "application/json";
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          agent: this.#agent,
          socketPath: this.socket,
          method,
          path,
          headers: { ...headers, ...(bytes === undefined ? {} : { "content-type": type, "content-length": bytes.byteLength }) },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
        },
      );
      sent.on("error", reject);
      sent.end(bytes);
    });
  }

  /** Reads an answer to its end and keeps nothing of it; resolves with the number of its bytes. */
  drain(path: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = request({ agent: this.#agent, socketPath: this.socket, method: "GET", path }, (response) => {
        let bytes = 0;
        response.on("data", (chunk: Buffer) => (bytes += chunk.length));
        response.on("error", reject);
        response.on("end", () => (response.statusCode === 200 ? resolve(bytes) : reject(new Error(`${path}: ${response.statusCode}`))));
      });
      sent.on("error", reject);
      sent.end();
    });
  }

  /** As `api`, for a call that has to succeed. */
  async ok(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<string> {
    const answer = await this.api(method, path, body, headers);
    if (answer.status >= 400) throw new Error(`${this.name}: ${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.text;
  }

  /** Creates and starts a container; resolves with its id. */
  async run(config: object): Promise<string> {
    const { Id } = JSON.parse(await this.ok("POST", "/containers/create", config)) as { Id: string };
    await this.ok("POST", `/containers/${Id}/start`);
    return Id;
  }

  /** Runs the docker CLI against this engine and resolves with its output; a failure throws. */
  async docker(...parameters: string[]): Promise<string> {
    const chunks: Buffer[] = [];
    await this.#docker(parameters, (chunk) => chunks.push(chunk));
    return Buffer.concat(chunks).toString();
  }

  /** As `docker`, for much output: resolves with the number of its bytes. */
  async dockerBytes(...parameters: string[]): Promise<number> {
    let bytes = 0;
    await this.#docker(parameters, (chunk) => (bytes += chunk.length));
    return bytes;
  }

  /** `docker build` as this engine is built with: dockerd by BuildKit, where DHOW_BENCH_BUILDX names the plugin, others by the classic wire. */
  async build(...parameters: string[]): Promise<void> {
    const buildx = this.name === "dockerd" ? process.env["DHOW_BENCH_BUILDX"] : undefined;
    if (buildx !== undefined) this.#plugIn(buildx);
    await this.#docker(["build", ...parameters], () => undefined, { DOCKER_BUILDKIT: buildx === undefined ? "0" : "1" });
  }

  #plugIn(buildx: string): void {
    const plugins = join(this.folder, "cli-plugins");
    mkdirSync(plugins, { recursive: true });
    if (!existsSync(join(plugins, "docker-buildx"))) symlinkSync(buildx, join(plugins, "docker-buildx"));
  }

  #docker(
    parameters: readonly string[],
    onOutput: (chunk: Buffer) => void,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = spawn(dockerCli(), ["-H", `unix://${this.socket}`, ...parameters], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, DOCKER_CONFIG: this.folder, ...environment },
      });
      const errors: Buffer[] = [];
      child.stdout.on("data", onOutput);
      child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
      child.on("error", reject);
      child.on("close", (code) =>
        code === 0 ? resolve() : reject(new Error(`${this.name}: docker ${parameters.join(" ")}: ${Buffer.concat(errors).toString()}`)),
      );
    });
  }

  /** The daemon, what it started to serve its containers (monitors, shims, proxies), without the containers' own processes. */
  processes(): number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter(
        (pid) =>
          pid === this.#process?.pid ||
          (/\b(conmon|containerd|containerd-shim-runc-v2|docker-proxy)\b/.test(commandLine(pid).split("\0", 1)[0] ?? "") &&
            commandLine(pid).includes(this.folder)),
      );
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** The docker CLI to drive both engines with: DHOW_BENCH_DOCKER, else the one on PATH. */
function dockerCli(): string {
  return process.env["DHOW_BENCH_DOCKER"] ?? "docker";
}

const root = fileURLToPath(new URL("..", import.meta.url));

/** What both daemons are told: folders and a socket of their own, an empty configuration, a bridge that collides with nothing. */
function flagsOf({ folder, socket }: BenchEngine, bridge: string): string[] {
  const config = join(folder, "daemon.json");
  writeFileSync(config, "{}");
  const given = {
    "data-root": join(folder, "data"),
    "exec-root": join(folder, "run"),
    pidfile: join(folder, "pid"),
    "config-file": config,
    bip: bridge,
  };
  return [...Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]), "-H", `unix://${socket}`];
}

export function dhowEngine(): BenchEngine {
  return new BenchEngine("dhow", (engine) => {
    mkdirSync(join(engine.folder, "run"), { recursive: true });
    return { file: join(root, "bin/dhowd"), flags: ["--instance", "dhow-bench", ...flagsOf(engine, "10.213.0.1/24")] };
  });
}

/**
 * The dockerd that is named; its containerd is looked for in the neighbouring folders of its package. The tables that it makes in the
 * host's firewall, and leaves there, are taken away at the end, as is its bridge.
 */
export function dockerdEngine(dockerd: string): BenchEngine {
  const before = nftTables();
  process.once("exit", () => {
    const left = nftTables().filter((table) => !before.includes(table) && /^(ip|ip6) (nat|filter|raw|mangle)$/.test(table));
    for (const table of left) spawnSync("nft", ["delete", "table", ...table.split(" ")]);
    spawnSync("ip", ["link", "delete", "docker0"]);
  });
  const beside = [dirname(dockerd), join(dirname(dockerd), "../bin"), join(dirname(dockerd), "../sbin")].join(":");
  return new BenchEngine("dockerd", (engine) => ({
    file: dockerd,
    path: `${beside}:${process.env["PATH"] ?? ""}`,
    flags: flagsOf(engine, "10.214.0.1/24"),
  }));
}

function nftTables(): string[] {
  return spawnSync("nft", ["list", "tables"], { encoding: "utf8" })
    .stdout.split("\n")
    .map((line) => line.replace("table ", "").trim());
}
