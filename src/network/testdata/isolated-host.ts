import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineEvent } from "#events/contract.ts";
import { silentLogger } from "#lib/logger.ts";
import { instanceOf } from "#spec/instance.ts";
import { Database } from "#store/db/database.ts";
import { createNamespace, removeNamespace } from "#sys/netns/namespace.ts";
import { NetworkWorker } from "#sys/netns/network-worker.ts";
import type { NetworkOptions } from "../options.ts";
import type { NetworkRequest } from "../sandbox/request.ts";
import { createNetworkService, type NetworkService } from "../service.ts";
import { Launcher } from "./launcher.ts";

let counter = 0;

/** The host's address towards its neighbour, and the neighbour's. */
export const HOST_ADDRESS = "198.51.100.10";
export const NEIGHBOUR_ADDRESS = "198.51.100.20";
export const HOST_ADDRESS6 = "2001:db8:51::10";
export const NEIGHBOUR_ADDRESS6 = "2001:db8:51::20";

/**
 * A host for tests, made of network namespaces: `host`, where the service makes its bridges and rules, and `neighbour`, which sits
 * on the same wire. The machine's own network is not touched; only the sockets that hold ports are the machine's.
 */
export class IsolatedHost {
  readonly folder = mkdtempSync(join(tmpdir(), "dhow-net-"));
  readonly host = join(this.folder, "host");
  readonly neighbour = join(this.folder, "neighbour");
  readonly instance = instanceOf(`dhow-n${(process.pid + counter++) % 1000}`, { execRoot: this.folder, dataRoot: this.folder });
  readonly worker: NetworkWorker;
  readonly events: Omit<EngineEvent, "timeNano">[] = [];
  readonly #launcher = new Launcher(this.folder);
  readonly #children: ChildProcess[] = [];
  readonly #servers: number[] = [];
  #database = Database.open(":memory:");

  constructor() {
    for (const path of [this.host, this.neighbour]) createNamespace(path, () => {});
    this.run(this.host, "ip", "link", "set", "lo", "up");
    this.run(this.neighbour, "ip", "link", "set", "lo", "up");
    this.worker = new NetworkWorker({ namespace: this.host });
  }

  /** Lays the wire to the neighbour. */
  plugIn(): void {
    const link = `ip link add lan0 type veth peer name p0 netns ${this.neighbour}`;
    this.run(
      this.host,
      "sh",
      "-c",
      `${link} && ip addr add ${HOST_ADDRESS}/24 dev lan0 && ip addr add ${HOST_ADDRESS6}/64 dev lan0 nodad && ip link set lan0 up`,
    );
    this.run(
      this.neighbour,
      "sh",
      "-c",
      `ip addr add ${NEIGHBOUR_ADDRESS}/24 dev p0 && ip addr add ${NEIGHBOUR_ADDRESS6}/64 dev p0 nodad && ip link set p0 up`,
    );
  }

  service(options: Partial<NetworkOptions> = {}): Promise<NetworkService> {
    const events = { emit: (event: Omit<EngineEvent, "timeNano">) => void this.events.push(event) };
    return createNetworkService(
      { database: this.#database, host: this.worker, events, logger: silentLogger },
      { instance: this.instance, verifyEveryMs: 0, ...options },
    );
  }

  /** Runs a command in a namespace. @returns what it printed. @throws Error when it fails. */
  run(namespace: string, ...command: string[]): string {
    const { status, stdout, stderr } = this.#launcher.run(namespace, command);
    if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr.trim()} (${status})`);
    return stdout;
  }

  /** Its body, or `blocked`. */
  fetch(namespace: string, url: string): string {
    const command = ["curl", "-s", "--noproxy", "*", "--connect-timeout", "0.5", "-m", "2", `http://${url}/`];
    const { status, stdout } = this.#launcher.run(namespace, command);
    return status === 0 ? stdout.trim() : "blocked";
  }

  /** A web server in a namespace that answers with `text`. */
  serve(namespace: string, text: string, port: number | string = 80): void {
    const root = mkdtempSync(join(this.folder, "www-"));
    writeFileSync(join(root, "index.html"), `${text}\n`);
    this.#servers.push(this.#launcher.start(namespace, ["busybox", "httpd", "-f", "-p", String(port), "-h", root]));
  }

  /** Starts a command whose output is of interest. */
  start(namespace: string, ...command: string[]): ChildProcess {
    const child = spawn("nsenter", [`--net=${namespace}`, ...command], { stdio: ["ignore", "pipe", "ignore"] });
    this.#children.push(child);
    return child;
  }

  stopServers(): void {
    for (const child of this.#children.splice(0)) child.kill("SIGKILL");
    for (const pid of this.#servers.splice(0)) process.kill(pid, "SIGKILL");
  }

  /** For the next test: no servers, no rules, no state, no events. */
  reset(): void {
    this.stopServers();
    this.run(this.host, "nft", "flush", "ruleset");
    this.#database.close();
    this.#database = Database.open(":memory:");
    this.events.length = 0;
  }

  /** Everything of the instance that is left: none of it may be. */
  residue(): string[] {
    const links = this.run(this.host, "ip", "-br", "link")
      .split("\n")
      .filter((line) => line !== "" && !/^(lo|lan0)[@ ]/.test(line));
    const tables = this.run(this.host, "nft", "list", "tables")
      .split("\n")
      .filter((line) => line.includes(this.instance.name));
    const rules = this.run(this.host, "nft", "list", "ruleset")
      .split("\n")
      .filter((line) => line.includes(this.instance.name));
    const namespaces = readdirSync(this.folder).includes("netns") ? readdirSync(join(this.folder, "netns")) : [];
    const mounts = readFileSync("/proc/self/mounts", "utf8")
      .split("\n")
      .filter((line) => line.includes(join(this.folder, "netns")));
    const sysctls = this.run(this.host, "cat", "/proc/sys/net/ipv4/conf/all/route_localnet").trim() === "0" ? [] : ["route_localnet"];
    return [...links, ...tables, ...rules, ...namespaces, ...mounts, ...sysctls];
  }

  /** @throws Error naming what is left. */
  assertClean(): void {
    const left = this.residue();
    if (left.length > 0) throw new Error(`left behind: ${left.join("; ")}`);
  }

  async end(): Promise<void> {
    this.stopServers();
    this.#launcher.end();
    await this.worker.close();
    this.#database.close();
    for (const path of [this.host, this.neighbour]) removeNamespace(path);
    rmSync(this.folder, { recursive: true });
  }
}

/** A container's request with nothing in it but what is given. */
export function request(containerId: string, wishes: Partial<NetworkRequest> = {}): NetworkRequest {
  return {
    containerId,
    name: `name-${containerId}`,
    hostname: "",
    domainname: "",
    mode: "bridge",
    endpoints: {},
    exposedPorts: [],
    portBindings: {},
    publishAllPorts: false,
    dns: [],
    dnsSearch: [],
    dnsOptions: [],
    extraHosts: [],
    rate: undefined,
    links: [],
    namesOnDefaultNetwork: true,
    ...wishes,
  };
}
