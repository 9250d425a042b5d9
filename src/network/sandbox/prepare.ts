import { join } from "node:path";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { Instance } from "#spec/instance.ts";
import { containerFiles, sandboxNames } from "./container-names.ts";
import type { NetworkContext } from "../context.ts";
import { freeEndpoints, reserveEndpoints } from "./endpoints.ts";
import { readHostFiles } from "../name-files/host-files.ts";
import { newId } from "../record/network.ts";
import type { NetworkRequest } from "./request.ts";
import { releaseLocked } from "./release.ts";
import { addressesOf, type Endpoint, type Sandbox, type SandboxView, viewOf } from "./sandbox.ts";
import { hostGateway, planSandbox, type SandboxPlan } from "./validate.ts";

/**
 * Of every namespace, as Docker has them: no IPv6 where no network has it (interfaces that come later inherit it), ports below
 * 1024 and ping for everybody, so that neither needs a capability.
 */
const NAMESPACE_SYSCTLS = {
  "net/ipv6/conf/all/disable_ipv6": "1",
  "net/ipv6/conf/default/disable_ipv6": "1",
  "net/ipv4/ip_unprivileged_port_start": "0",
  "net/ipv4/ping_group_range": "0 2147483647",
};

export function namespaceFolder(instance: Instance): string {
  return join(instance.execRoot, "netns");
}

/** Reserves addresses and host ports and makes the namespace; undone when it throws. */
export async function prepare(context: NetworkContext, request: NetworkRequest): Promise<SandboxView> {
  return await context.locks.run(request.containerId, async () => {
    // Left over from a start that failed half way.
    await releaseLocked(context, request.containerId);
    return viewOf(await makeSandbox(context, request, planSandbox(context, request)));
  });
}

async function makeSandbox(context: NetworkContext, request: NetworkRequest, plan: SandboxPlan): Promise<Sandbox> {
  const shared = plan.endpoints.some(({ network }) => context.drivers[network.driver].namespace === "host");
  const host = await readHostFiles(context.options.hostFiles, shared);
  await using undo = new AsyncDisposableStack();
  const endpoints = await setUp(() => reserveEndpoints(context, plan.endpoints));
  undo.defer(() => freeEndpoints(context, endpoints));
  const gateway = endpoints[plan.gateway === undefined ? -1 : plan.endpoints.indexOf(plan.gateway)];
  const ports = await setUp(() => reservePorts(context, request, plan, gateway));
  undo.defer(() => context.ports.release(request.containerId));
  const addresses = endpoints.flatMap(({ link }) => (link === undefined ? [] : addressesOf(link)));
  const networks = plan.endpoints.map(({ network }) => network);
  const names = sandboxNames(request, networks, { ...context.options.names, hostGateway: hostGateway(context) });
  const id = newId();
  const netns = shared ? undefined : join(namespaceFolder(context.options.instance), id.slice(0, 12));
  const sandbox: Sandbox = {
    id,
    containerId: request.containerId,
    containerName: request.name,
    phase: "prepared",
    netns,
    endpoints,
    gatewayEndpoint: gateway?.id,
    ports,
    exposed: plan.ports.exposed,
    rate: request.rate,
    files: containerFiles(names, { addresses, host, shared, servers: context.options.names.dns }),
    names,
    ...(request.refusesIpv6 === true ? { refusesIpv6: true } : {}),
  };
  context.sandboxes.save(sandbox);
  undo.defer(() => context.sandboxes.forget(sandbox));
  if (netns !== undefined) {
    const made = context.host.createNamespace(netns, NAMESPACE_SYSCTLS, request.namespace);
    // Asked for at once, and waited for when the container is connected: the worker does one after the other.
    context.names.begin(sandbox);
    undo.defer(() => context.names.close(sandbox));
    await made;
  }
  undo.move();
  return sandbox;
}

function reservePorts({ ports }: NetworkContext, request: NetworkRequest, plan: SandboxPlan, gateway: Endpoint | undefined) {
  try {
    return ports.reserve(request.containerId, plan.ports.requests);
  } catch (error) {
    const endpoint = `${request.name} (${gateway?.id ?? ""})`;
    throw explained(`driver failed programming external connectivity on endpoint ${endpoint}`, error);
  }
}

/** Puts before a failure what Docker puts there, and clients look for. */
async function setUp<T>(step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw explained("failed to set up container networking", error);
  }
}

function explained(prefix: string, error: unknown): unknown {
  if (!(error instanceof EngineError)) return error;
  return new EngineError(error.category, `${prefix}: ${messageOf(error)}`, {
    cause: error,
    ...(error.code === undefined ? {} : { code: error.code }),
  });
}
