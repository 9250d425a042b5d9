import { randomBytes } from "node:crypto";
import { mkdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { connect, type EngineClient } from "#client/engine-client.ts";
import { DaemonProcess } from "./daemon-process.ts";
import { daemonProgram } from "./launcher.ts";
import { abandonedPlaces, placesFor, placesOfItsOwn, type Places } from "./places.ts";

export interface EngineOptions {
  /**
   * A folder that keeps images and volumes for the next engine that is given it; one engine at a time. Left out: a folder of its own,
   * which goes with the engine.
   */
  readonly dataRoot?: string;
  /** Settings by their names in daemon.json (docs/reference/daemon.md). */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Takes each line of the daemon's log. */
  readonly onLog?: (line: string) => void;
  /** Milliseconds that the start may take. */
  readonly timeout?: number;
}

const START_TIMEOUT_MS = 30_000;

/**
 * A container engine for one program, beside whatever else runs on the host: its own daemon, bridge, rules and control groups. It ends with
 * the program, also with one that is killed, and leaves no container, network or, without `dataRoot`, file.
 *
 *     await using engine = await Engine.start();
 *     process.env.DOCKER_HOST = engine.host;            // for testcontainers, dockerode, docker …
 *     await engine.client.containers.list();            // or by the client that is there
 */
export class Engine implements AsyncDisposable {
  /** `unix:///…`, as DOCKER_HOST has it. */
  readonly host: string;
  readonly client: EngineClient;
  readonly #daemon: DaemonProcess;

  private constructor(host: string, client: EngineClient, daemon: DaemonProcess) {
    this.host = host;
    this.client = client;
    this.#daemon = daemon;
  }

  /**
   * Starts an engine, and resolves when it answers. Needs Linux, root, and what an engine stands on (an OCI runtime and conmon: README.md).
   *
   * @throws EngineError `unavailable` with the daemon's last words; `forbidden`, `not-implemented` where none can run.
   */
  static async start(options: EngineOptions = {}): Promise<Engine> {
    const program = daemonProgram();
    const { dataRoot, config = {}, onLog = () => {}, timeout = START_TIMEOUT_MS } = options;
    const places = dataRoot === undefined ? placesOfItsOwn() : placesFor(dataRoot);
    const { host, configFile, flags } = commandLine(places, dataRoot === undefined ? "all" : "containers", config);
    const daemon = new DaemonProcess(program, flags, onLog);
    const client = connect(host);
    try {
      await daemon.ready(() => client.system.ping(), AbortSignal.timeout(timeout));
    } catch (error) {
      client.close();
      await daemon.stop();
      removeConfig(configFile);
      throw error;
    }
    for (const abandoned of abandonedPlaces()) clearAway(program, abandoned);
    return new Engine(host, client, daemon);
  }

  /** Resolves when the engine has ended: by `stop`, or because somebody killed it. */
  get ended(): Promise<void> {
    return this.#daemon.ended;
  }

  /** Ends it, and resolves when nothing of it is left. Idempotent. */
  async stop(): Promise<void> {
    this.client.close();
    await this.#daemon.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** The files have names of their own: in a folder that is in use they must not be taken for, nor take the place of, those of whoever uses it. */
function commandLine(
  { instance, dataRoot, execRoot }: Places,
  ephemeral: "all" | "containers",
  config: object,
): { host: string; configFile: string; flags: string[] } {
  const own = join(execRoot, randomBytes(4).toString("hex"));
  const host = `unix://${own}.sock`;
  const configFile = `${own}.json`;
  mkdirSync(execRoot, { recursive: true, mode: 0o700 });
  // Not the host's own configuration: what an administrator wrote for a daemon is not meant for somebody's tests.
  writeFileSync(configFile, JSON.stringify(config), { mode: 0o600 });
  const values = { instance, "data-root": dataRoot, "exec-root": execRoot, ephemeral, host, "config-file": configFile };
  return { host, configFile, flags: Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]) };
}

/** What a daemon that was refused did not take away: its configuration and, where nobody else is in there, the folder. */
function removeConfig(configFile: string): void {
  rmSync(configFile, { force: true });
  try {
    rmdirSync(dirname(configFile));
  } catch {
    // Gone already, or somebody else's, too.
  }
}

/** A daemon without input takes over what was left, and ends with it. Nobody waits for that. */
function clearAway(program: string, places: Places): void {
  const { flags } = commandLine(places, "all", {});
  void new DaemonProcess(program, flags, () => {}).stop();
}
