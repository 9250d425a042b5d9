import { Worker } from "node:worker_threads";
import { workerUrl } from "#lib/worker/url.ts";
import type {
  BridgeLink,
  ContainerLink,
  Detour,
  HostNetwork,
  HostSurvey,
  InterfaceLimits,
  ParentLink,
  SharedLink,
  Sysctls,
} from "./host-network.ts";
import type { NameServerSockets } from "./name-server-sockets.ts";
import type { Operations } from "./operations.ts";
import { type Answer, type Call, errorOf } from "./wire.ts";

/** Small: the worker holds a few netlink messages at a time. */
const LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 };

export interface NetworkWorkerOptions {
  /** Path of the network namespace that is to be "the host"; the process's own without. */
  readonly namespace?: string;
}

/** The host's network, worked on by a thread of its own. A worker that dies fails what it was asked; the next call starts another. */
export class NetworkWorker implements HostNetwork, AsyncDisposable {
  readonly #options: NetworkWorkerOptions;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  #worker: Worker | undefined;
  #lastId = 0;

  constructor(options: NetworkWorkerOptions = {}) {
    this.#options = options;
  }

  /** Starts the thread, which the first call does otherwise: it loads while its owner does something else. */
  start(): void {
    this.#worker ??= this.#start();
  }

  createNamespace(path: string, sysctls: Sysctls, existing?: string): Promise<void> {
    return this.#call("createNamespace", path, sysctls, existing);
  }

  removeNamespace(path: string): Promise<void> {
    return this.#call("removeNamespace", path);
  }

  ensureBridge(bridge: BridgeLink): Promise<void> {
    return this.#call("ensureBridge", bridge);
  }

  ensureDetour(detour: Detour): Promise<void> {
    return this.#call("ensureDetour", detour);
  }

  interfaces(): Promise<ReadonlyMap<string, string | undefined>> {
    return this.#call("interfaces");
  }

  attachInterface(link: ContainerLink): Promise<void> {
    return this.#call("attachInterface", link);
  }

  ensureParent(parent: ParentLink): Promise<boolean> {
    return this.#call("ensureParent", parent);
  }

  attachShared(link: SharedLink): Promise<void> {
    return this.#call("attachShared", link);
  }

  detachInterface(namespace: string, name: string): Promise<void> {
    return this.#call("detachInterface", namespace, name);
  }

  forwardIpv6(): Promise<boolean> {
    return this.#call("forwardIpv6");
  }

  limitInterface(limits: InterfaceLimits): Promise<void> {
    return this.#call("limitInterface", limits);
  }

  removeLink(name: string): Promise<void> {
    return this.#call("removeLink", name);
  }

  survey(): Promise<HostSurvey> {
    return this.#call("survey");
  }

  forgetConnections(what: { addresses?: readonly string[]; udpPorts?: readonly number[] }): Promise<void> {
    return this.#call("forgetConnections", what);
  }

  writeSysctls(sysctls: Sysctls): Promise<void> {
    return this.#call("writeSysctls", sysctls);
  }

  applyRules(script: string): Promise<void> {
    return this.#call("applyRules", script);
  }

  listRules(command: string): Promise<unknown[]> {
    return this.#call("listRules", command);
  }

  runLegacyIptables(family: 4 | 6, parameters: readonly string[]): Promise<string | undefined> {
    return this.#call("runLegacyIptables", family, parameters);
  }

  rulesState(table: string): Promise<{ present: boolean; generation: number }> {
    return this.#call("rulesState", table);
  }

  openNameServer(namespace: string): Promise<NameServerSockets> {
    return this.#call("openNameServer", namespace);
  }

  openSocketIn(namespace: string, protocol: "udp" | "tcp"): Promise<number> {
    return this.#call("openSocketIn", namespace, protocol);
  }

  /** Ends the thread after what it was asked so far. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#pending.values()].map(({ promise }) => promise));
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #call<Name extends keyof Operations>(name: Name, ...parameters: Parameters<Operations[Name]>): Promise<ReturnType<Operations[Name]>> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(id, answer);
    this.#worker ??= this.#start();
    this.#worker.postMessage({ id, name, parameters } satisfies Call<Name>);
    return answer.promise as Promise<ReturnType<Operations[Name]>>;
  }

  #start(): Worker {
    const worker = new Worker(workerUrl("netns"), {
      name: "dhow-network",
      workerData: { namespace: this.#options.namespace },
      resourceLimits: LIMITS,
    });
    worker.on("message", (answer: Answer) => this.#settle(answer));
    worker.on("error", (cause) => this.#lose(worker, new Error(`the network worker failed: ${String(cause)}`, { cause })));
    worker.on("exit", () => this.#lose(worker, new Error("the network worker ended")));
    return worker;
  }

  #settle(answer: Answer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ("failure" in answer) pending?.reject(errorOf(answer.failure));
    else pending?.resolve(answer.value);
  }

  #lose(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
