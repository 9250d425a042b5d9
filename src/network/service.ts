import type { NetworkCreateBody } from "#spec/docker-api/types.ts";
import type { NetworkRate } from "#spec/network/rate.ts";
import type { PortChange } from "#spec/network/port-change.ts";
import type { DnsTrace } from "#spec/network/dns-trace.ts";
import type { Filters } from "#spec/filters/filters.ts";
import { connectContainer, type ConnectInput, disconnectContainer, type DisconnectInput } from "./sandbox/connect-container.ts";
import { connect } from "./sandbox/connect.ts";
import { createNetwork } from "./create.ts";
import { type InspectedNetwork, inspectNetwork, listNetworks, type NetworkState } from "./list.ts";
import type { Network } from "./record/network.ts";
import type { ContainerDirectory } from "./ports.ts";
import { newContext } from "./new-context.ts";
import type { NetworkDeps, NetworkOptions } from "./options.ts";
import { prepare } from "./sandbox/prepare.ts";
import { pruneNetworks } from "./prune.ts";
import { limit } from "./sandbox/rate.ts";
import { release } from "./sandbox/release.ts";
import { removeNetwork } from "./remove.ts";
import type { NetworkRequest } from "./sandbox/request.ts";
import { republish } from "./sandbox/republish.ts";
import { rename } from "./sandbox/rename.ts";
import { restore } from "./restore/restore.ts";
import { type SandboxView, viewOf } from "./sandbox/sandbox.ts";
import { HostWatch } from "./restore/host-watch.ts";
import { traceContainerName, type TraceInput } from "./trace-name.ts";
import { teardown } from "./restore/teardown.ts";
import { validate } from "./sandbox/validate.ts";

/** Networks of running containers: structurally `NetworkProvider` of container/ports.ts, where each call is explained. */
interface ContainerNetworks {
  validate(request: NetworkRequest): void;
  prepare(request: NetworkRequest): Promise<SandboxView>;
  connect(containerId: string): Promise<void>;
  release(containerId: string): Promise<void>;
  restore(running: ReadonlySet<string>): Promise<void>;
  limit(containerId: string, rate: NetworkRate | undefined): Promise<void>;
  republish(containerId: string, change: PortChange): Promise<void>;
  rename(containerId: string, name: string): Promise<void>;
  sandboxOf(containerId: string): SandboxView | undefined;
}

/** The verbs of the API. */
interface NetworkVerbs {
  list(filters: Filters): NetworkState[];
  inspect(term: string): InspectedNetwork;
  create(body: NetworkCreateBody): Promise<Network>;
  remove(term: string): Promise<void>;
  prune(filters: Filters, before: number | undefined, signal: AbortSignal): Promise<string[]>;
  connectContainer(containers: ContainerDirectory, input: ConnectInput): Promise<void>;
  disconnectContainer(containers: ContainerDirectory, input: DisconnectInput): Promise<void>;
  /** How a container's question for a name is answered. @throws EngineError `not-found`, `conflict` when it does not run, `invalid`. */
  traceName(containers: ContainerDirectory, input: TraceInput): Promise<DnsTrace>;
}

export interface NetworkService extends ContainerNetworks, NetworkVerbs {
  /** Ends what goes on behind answers. Running containers keep their network and the rules; the host's ports are let go. */
  close(): Promise<void>;
  /** For a host that is to be left clean: no container runs any more, and every interface, namespace and rule of the instance goes. */
  teardown(): Promise<void>;
}

/** Looks at the host and makes the service; `restore` comes before anything else. */
export async function createNetworkService(deps: NetworkDeps, options: NetworkOptions): Promise<NetworkService> {
  const context = await newContext(deps, options);
  const watch = new HostWatch(context, options.verifyEveryMs ?? 3000);
  return {
    validate: (request) => validate(context, request),
    prepare: (request) => prepare(context, request),
    connect: (containerId) => connect(context, containerId),
    release: (containerId) => release(context, containerId),
    restore: async (running) => {
      await restore(context, running);
      watch.start();
    },
    limit: (containerId, rate) => limit(context, containerId, rate),
    republish: (containerId, change) => republish(context, containerId, change),
    rename: (containerId, name) => rename(context, containerId, name),
    sandboxOf: (containerId) => {
      const sandbox = context.sandboxes.get(containerId);
      return sandbox === undefined ? undefined : viewOf(sandbox);
    },
    list: (filters) => listNetworks(context, filters),
    inspect: (term) => inspectNetwork(context, term),
    create: (body) => createNetwork(context, body),
    remove: (term) => removeNetwork(context, term),
    prune: (filters, before, signal) => pruneNetworks(context, filters, before, signal),
    connectContainer: (containers, input) => connectContainer(context, containers, input),
    disconnectContainer: (containers, input) => disconnectContainer(context, containers, input),
    traceName: (containers, input) => traceContainerName(context, containers, input),
    close: async () => {
      await watch.stop();
      await context.names.closeAll();
      await context.departures.all();
      context.ports.releaseAll();
    },
    teardown: async () => {
      await watch.stop();
      await teardown(context);
    },
  };
}
