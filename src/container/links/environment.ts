import { EngineError } from "#errors/engine-error.ts";
import { isActive, type Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { networkModeOf } from "../create/network-request.ts";
import { keptLinks, LEGACY_NETWORK, linkedBy } from "./resolve.ts";

type Deps = Pick<ContainerContext, "store" | "networks">;

/**
 * The links of the default bridge need the other container to run.
 *
 * @throws EngineError `conflict` with Docker's text.
 */
export function requireLinkedContainers({ store, networks }: Deps, container: Container): void {
  if (networkModeOf(container.hostConfig.NetworkMode) !== LEGACY_NETWORK) return;
  for (const link of keptLinks(container)) {
    const linked = linkedBy(store, link);
    if (linked === undefined || !isActive(linked.state)) {
      const name = linked?.name ?? link.name;
      throw new EngineError("conflict", `Cannot link to a non running container: /${name} AS /${container.name}/${link.alias}`);
    }
    if (networks.sandboxOf(linked.id)?.endpoints[LEGACY_NETWORK] === undefined) {
      throw new EngineError("conflict", `container ${linked.id} not attached to default bridge network`);
    }
  }
}

/** The variables that tell a container of those that it is linked to on the default bridge. */
export function linkEnvironment({ store, networks }: Deps, container: Container): string[] {
  if (networkModeOf(container.hostConfig.NetworkMode) !== LEGACY_NETWORK) return [];
  return keptLinks(container).flatMap((link) => {
    const linked = linkedBy(store, link);
    const address = linked && networks.sandboxOf(linked.id)?.endpoints[LEGACY_NETWORK]?.IPAddress;
    return linked !== undefined && address ? linkVariables(`/${container.name}/${link.alias}`, address, linked.config) : [];
  });
}

interface Port {
  readonly port: number;
  readonly protocol: string;
}

/** Those of one link, in Docker's order and form. Pure. @param path `/owner/alias`. */
export function linkVariables(
  path: string,
  address: string,
  { ExposedPorts = {}, Env = [] }: Pick<Container["config"], "ExposedPorts" | "Env">,
): string[] {
  const prefix = path
    .slice(path.lastIndexOf("/") + 1)
    .toUpperCase()
    .replaceAll("-", "_");
  const ports = Object.keys(ExposedPorts).map(parsePort).toSorted(tcpFirst);
  const url = ({ port, protocol }: Port): string => `${protocol}://${address}:${port}`;
  const [first] = ports;
  return [
    ...(first === undefined ? [] : [`${prefix}_PORT=${url(first)}`]),
    ...runsOf(ports).flatMap((run) => rangeVariables(prefix, run, url)),
    ...ports.flatMap((port) => {
      const name = `${prefix}_PORT_${port.port}_${port.protocol.toUpperCase()}`;
      return [`${name}=${url(port)}`, `${name}_ADDR=${address}`, `${name}_PORT=${port.port}`, `${name}_PROTO=${port.protocol}`];
    }),
    `${prefix}_NAME=${path}`,
    ...Env.filter((variable) => /^[^=]+=/.test(variable) && !/^(?:HOME|PATH)=/.test(variable)).map(
      (variable) => `${prefix}_ENV_${variable}`,
    ),
  ];
}

function parsePort(key: string): Port {
  const [port = "", protocol = "tcp"] = key.split("/");
  return { port: Number.parseInt(port, 10), protocol };
}

function tcpFirst(one: Port, other: Port): number {
  if (one.protocol !== other.protocol && (one.protocol === "tcp" || other.protocol === "tcp")) return one.protocol === "tcp" ? -1 : 1;
  return one.port - other.port;
}

/** Ports that follow one another, two or more. */
function runsOf(ports: readonly Port[]): Port[][] {
  const runs: Port[][] = [];
  for (const port of ports) {
    const last = runs.at(-1)?.at(-1);
    if (last !== undefined && last.protocol === port.protocol && last.port + 1 === port.port) runs.at(-1)?.push(port);
    else runs.push([port]);
  }
  return runs.filter((run) => run.length > 1);
}

function rangeVariables(prefix: string, run: readonly Port[], url: (port: Port) => string): string[] {
  const [first] = run;
  const last = run.at(-1);
  if (first === undefined || last === undefined) return [];
  const name = `${prefix}_PORT_${first.port}_${first.protocol.toUpperCase()}`;
  return [`${name}_START=${url(first)}`, `${name}_PORT_START=${first.port}`, `${name}_END=${url(last)}`, `${name}_PORT_END=${last.port}`];
}
