import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { instanceOf, type Instance } from "#spec/instance.ts";
import { launched } from "./build.ts";
import { eventually } from "./eventually.ts";
import { KillSwitch, killSwitchProgram } from "./kill-switch/kill-switch.ts";
import { residueOf } from "./residue.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const launcher = join(root, "bin/dhowd");

export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
  // eslint-disable-next-line typescript/no-explicit-any -- a test reads whatever the API answers
  readonly json: any;
}

export interface TestDaemonOptions {
  /** On a file system of the test's own. */
  readonly dataRoot?: string;
  /** It runs under a kill switch. */
  readonly fragile?: boolean;
}

/**
 * A real daemon on an instance of its own: data root, sockets, bridge, rules and cgroups that no other daemon touches.
 * `close` ends it, checks that nothing is left on the host, and removes its files.
 */
export class TestDaemon {
  readonly instance: Instance;
  readonly socket: string;
  readonly #folder: string;
  readonly #flags: readonly string[];
  readonly #options: TestDaemonOptions;
  #process: ChildProcess | undefined;
  #more: readonly string[] = [];
  #killSwitch: KillSwitch | undefined;

  constructor(flags: readonly string[] = [], options: TestDaemonOptions = {}) {
    const name = `dhow-t${randomBytes(3).toString("hex")}`;
    this.#folder = mkdtempSync(join(tmpdir(), "test-"));
    this.instance = instanceOf(name, { dataRoot: options.dataRoot ?? join(this.#folder, "data"), execRoot: join(this.#folder, "run") });
    this.socket = join(this.#folder, "engine.sock");
    this.#flags = flags;
    this.#options = options;
    mkdirSync(this.instance.execRoot, { recursive: true });
    writeFileSync(join(this.#folder, "daemon.json"), "{}");
  }

  get pid(): number {
    if (this.#process?.pid === undefined) throw new Error("the daemon is not running");
    return this.#process.pid;
  }

  residentMegabytes(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"))?.[1]) / 1024;
  }

  /** Of a daemon that was made `fragile`; a new one after each start. */
  get killSwitch(): KillSwitch {
    if (this.#killSwitch === undefined) throw new Error("this daemon has no kill switch");
    return this.#killSwitch;
  }

  /** Resolves when the process has ended, by whatever. */
  async ended(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((resolve) => child.once("exit", resolve));
  }

  get host(): string {
    return `unix://${this.socket}`;
  }

  get folder(): string {
    return this.#folder;
  }

  get log(): string {
    return readFileSync(join(this.#folder, "daemon.log"), "utf8");
  }

  /** Starts it (again, after `kill`) and waits until it answers. */
  async start(...more: string[]): Promise<void> {
    this.#more = more;
    const log = openSync(join(this.#folder, "daemon.log"), "a");
    const { name, dataRoot, execRoot } = this.instance;
    const flags = [
      "--instance",
      name,
      "--data-root",
      dataRoot,
      "--exec-root",
      execRoot,
      "--pidfile",
      join(execRoot, "dhowd.pid"),
      "-H",
      this.host,
      "--config-file",
      join(this.#folder, "daemon.json"),
    ];
    this.#process = this.#spawn([...flags, ...this.#flags, ...more], log);
    closeSync(log);
    const ended = new Promise<never>((_, reject) =>
      this.#process?.once("exit", (code) => reject(new Error(`the daemon ended with ${code}:\n${this.log}`))),
    );
    ended.catch(() => {}); // It may end later, which is what tests do to it.
    await Promise.race([ended, eventually(async () => expect((await this.api("GET", "/_ping")).status).toBe(200), 90_000)]);
  }

  /** SIGKILL, as a crash or the kernel's OOM killer would. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** SIGTERM, and waits for the end. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** One request; the body is JSON unless it is bytes already. */
  api(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return ask(this.socket, method, path, body, headers);
  }

  async load(archive: Buffer): Promise<void> {
    const answer = await this.api("POST", "/images/load", archive);
    if (answer.status !== 200 || answer.text.includes('"error"')) throw new Error(`load: ${answer.status} ${answer.text}`);
  }

  get isRunning(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null;
  }

  /** What a test may leave behind: paths by which each of it is removed, in an order in which that works. */
  async objects(): Promise<string[]> {
    if (!this.isRunning) return [];
    const [containers, networks, volumes, images] = await Promise.all([
      this.api("GET", "/containers/json?all=1"),
      this.api("GET", "/networks"),
      this.api("GET", "/volumes"),
      this.api("GET", "/images/json"),
    ]);
    return [
      ...(containers.json as { Id: string }[]).map(({ Id }) => `/containers/${Id}?force=1&v=1`),
      ...(networks.json as { Id: string }[]).map(({ Id }) => `/networks/${Id}`),
      ...(volumes.json.Volumes as { Name: string }[]).map(({ Name }) => `/volumes/${Name}?force=1`),
      ...(images.json as { Id: string; RepoTags: string[] }[]).flatMap(({ Id, RepoTags }) =>
        [...RepoTags, Id].map((name) => `/images/${name}?force=1`),
      ),
    ];
  }

  /**
   * After a test that failed: a daemon that runs with the flags of its file, with nothing in it but `known`, so that the next try and the
   * next test start clean.
   */
  async sweep(known: readonly string[]): Promise<void> {
    if (this.isRunning && this.#more.length > 0) await this.stop();
    if (!this.isRunning) await this.start();
    for (const path of await this.objects()) if (!known.includes(path)) await this.api("DELETE", path);
    // What a build of the first try left would be found in the cache.
    await this.api("POST", "/build/prune?all=1");
  }

  /** Removes every container, stops the daemon, and asserts that the host is as it was. */
  async close(): Promise<void> {
    try {
      if (this.isRunning) {
        const containers = (await this.api("GET", "/containers/json?all=1")).json as { Id: string }[];
        await Promise.all(containers.map(({ Id }) => this.api("DELETE", `/containers/${Id}?force=1&v=1`)));
        await this.stop();
      }
      // The kernel takes down namespaces and cgroups behind our back: it may need a moment, and a moment only.
      await eventually(() => expect(residueOf(this.instance)).toEqual([]));
    } finally {
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  #spawn(parameters: readonly string[], log: number): ChildProcess {
    const env = { ...process.env, ...launched };
    if (this.#options.fragile !== true) return spawn(launcher, parameters, { stdio: ["ignore", log, log], detached: true, env });
    const stdio = ["ignore", log, log, "pipe", "pipe"] as const;
    const child = spawn(killSwitchProgram(), [launcher, ...parameters], { stdio: [...stdio], detached: true, env });
    const [orders, told] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
    this.#killSwitch = new KillSwitch(orders, told);
    return child;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }
}

/** One request to an engine on a unix socket; the body is JSON unless it is bytes already. */
export function ask(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const bytes = body === undefined ? undefined : body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
  const type = body instanceof Uint8Array ? "application/x-tar" : "application/json";
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        socketPath,
        method,
        path,
        headers: { ...(bytes === undefined ? {} : { "content-type": type, "content-length": bytes.byteLength }), ...headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
        });
      },
    );
    sent.on("error", reject);
    sent.end(bytes);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A daemon for every test of a file, with its images loaded; afterwards the residue on the host is asserted to be zero. */
export function useDaemon(options: TestDaemonOptions & { flags?: readonly string[]; images?: readonly (() => Buffer)[] } = {}): TestDaemon {
  const daemon = new TestDaemon(options.flags, options);
  beforeAll(async () => {
    await daemon.start();
    for (const image of options.images ?? []) await daemon.load(image());
  });
  let known: readonly string[] = [];
  beforeEach(async () => {
    if (daemon.isRunning) known = await daemon.objects();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await daemon.sweep(known);
  });
  afterAll(() => daemon.close());
  return daemon;
}
