import type { Container } from "../record/container.ts";
import { engineLabels } from "../create/engine-labels.ts";
import { joinedContainer } from "../create/network-request.ts";

/** When a container that another depends on is ready for it: Compose's words. */
export type Condition = "service_started" | "service_healthy" | "service_completed_successfully";

/** One edge of Compose's graph, as it writes it on each container. */
export interface Dependency {
  readonly service: string;
  readonly condition: Condition;
  /** Compose's `restart: true`. */
  readonly restart: boolean;
}

/** Containers that one waits for before it is started. */
export interface Wait {
  readonly id: string;
  readonly condition: Condition;
}

export interface BootOrder {
  readonly waits: ReadonlyMap<string, readonly Wait[]>;
  /** What could not be honoured, in words for the log. */
  readonly remarks: readonly string[];
}

const CONDITIONS: readonly string[] = ["service_started", "service_healthy", "service_completed_successfully"];

/** Parses `db:service_healthy:true,cache:service_started:false`; what makes no sense is left out. */
export function parseDependsOn(text: string): Dependency[] {
  return text.split(",").flatMap((entry) => {
    const [service = "", condition = "service_started", restart] = entry.split(":");
    if (service === "" || !CONDITIONS.includes(condition)) return [];
    return [{ service, condition: condition as Condition, restart: restart === "true" }];
  });
}

export function dependenciesOf({ engineLabels: labels = {} }: Pick<Container, "engineLabels">): Dependency[] {
  return parseDependsOn(labels[engineLabels.composeDependsOn] ?? "");
}

/** The key of a service among all projects; undefined for what Compose did not make, and for its one-off runs. */
export function serviceKey({ engineLabels: labels = {} }: Pick<Container, "engineLabels">, service?: string): string | undefined {
  const project = labels[engineLabels.composeProject];
  const name = service ?? labels[engineLabels.composeService];
  if (project === undefined || name === undefined) return undefined;
  return service === undefined && labels[engineLabels.composeOneOff] === "True" ? undefined : `${project}\0${name}`;
}

/**
 * Who waits for whom among containers that are to be started: by Compose's `depends_on`, and by the namespaces that one joins of
 * another. What would wait for ever (a circle, a service without a container) does not wait.
 *
 * @param all of this engine.
 * @param starting ids of those that are about to be started.
 */
export function bootOrder(all: readonly Container[], starting: ReadonlySet<string>): BootOrder {
  const services = Map.groupBy(all, (container) => serviceKey(container));
  const remarks: string[] = [];
  const edges = new Map<string, Wait[]>();
  for (const container of all.filter(({ id }) => starting.has(id))) {
    edges.set(container.id, [...joinedWaits(container), ...composeWaits(container, services, remarks)]);
  }
  return { waits: withoutCircles(edges, new Map(all.map(({ id, name }) => [id, name])), remarks), remarks };
}

function joinedWaits({ hostConfig }: Container): Wait[] {
  const modes = [hostConfig.NetworkMode, hostConfig.PidMode, hostConfig.IpcMode];
  const ids = new Set(modes.map(joinedContainer).filter((id) => id !== undefined));
  return [...ids].map((id) => ({ id, condition: "service_started" }));
}

function composeWaits(container: Container, services: ReadonlyMap<string | undefined, readonly Container[]>, remarks: string[]): Wait[] {
  return dependenciesOf(container).flatMap(({ service, condition }) => {
    const key = serviceKey(container, service);
    const found = key === undefined ? [] : (services.get(key) ?? []);
    if (found.length === 0) remarks.push(`${container.name} depends on the service ${service}, which has no container`);
    return found.map(({ id }) => ({ id, condition }));
  });
}

/** Depth first; an edge back to a container that is on the way is left out. */
function withoutCircles(edges: Map<string, Wait[]>, names: ReadonlyMap<string, string>, remarks: string[]): Map<string, Wait[]> {
  const done = new Set<string>();
  const onTheWay = new Set<string>();
  const visit = (id: string): void => {
    if (done.has(id)) return;
    onTheWay.add(id);
    const kept = (edges.get(id) ?? []).filter((wait) => {
      if (onTheWay.has(wait.id)) {
        remarks.push(`${names.get(id)} and ${names.get(wait.id)} wait for each other: ${names.get(id)} does not wait`);
        return false;
      }
      visit(wait.id);
      return true;
    });
    if (edges.has(id)) edges.set(id, kept);
    onTheWay.delete(id);
    done.add(id);
  };
  for (const id of edges.keys()) visit(id);
  return edges;
}
