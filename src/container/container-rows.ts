import type { Container, ContainerState } from "./container.ts";

/** A container as the table `containers` holds it (store/db/migrations/0002-containers.ts). */
export interface ContainerRow {
  readonly id: string;
  readonly name: string;
  readonly created: number;
  readonly definition: string;
  readonly state: string;
}

type Definition = Omit<Container, "id" | "name" | "created" | "state" | "restartCount">;
type StoredState = Pick<Container, "state" | "restartCount">;

export function definitionText({ config, hostConfig, endpoints, image, mounts, engineLabels }: Container): string {
  return JSON.stringify({ config, hostConfig, endpoints, image, mounts, engineLabels } satisfies Definition);
}

export function stateText({ state, restartCount }: { state: ContainerState; restartCount: number }): string {
  return JSON.stringify({ state, restartCount } satisfies StoredState);
}

/**
 * Maps keyed by users' words (labels, ports, networks) come back as they went in: to JSON.parse `__proto__` is a key like any other.
 *
 * @throws SyntaxError for a row that was damaged.
 */
export function containerOf(row: ContainerRow): Container {
  const definition = JSON.parse(row.definition) as Definition;
  const { state, restartCount } = JSON.parse(row.state) as StoredState;
  return { id: row.id, name: row.name, created: row.created, ...definition, state, restartCount };
}
