import type { Digest } from "#spec/digest.ts";
import { messageOf } from "#errors/engine-error.ts";
import type { Container, ContainerState } from "./container.ts";

/** A container as the table `containers` holds it (store/db/migrations/0002-containers.ts). */
export interface ContainerRow {
  readonly id: string;
  readonly name: string;
  readonly created: number;
  readonly definition: string;
  readonly state: string;
}

type Definition = Omit<Container, "id" | "name" | "created" | "state" | "restartCount" | "damage">;
type StoredState = Pick<Container, "state" | "restartCount">;

export function definitionText({ config, hostConfig, endpoints, image, mounts, engineLabels }: Container): string {
  return JSON.stringify({ config, hostConfig, endpoints, image, mounts, engineLabels } satisfies Definition);
}

export function stateText({ state, restartCount }: { state: ContainerState; restartCount: number }): string {
  return JSON.stringify({ state, restartCount } satisfies StoredState);
}

/** What a row came to, and what is wrong with it. */
export interface LoadedRow {
  readonly container: Container;
  readonly problems: readonly string[];
}

/**
 * Maps keyed by users' words (labels, ports, networks) come back as they went in: to JSON.parse `__proto__` is a key like any other.
 *
 * A row that was damaged gives a container all the same, so that its owner sees it, can copy its files out and remove it: without its
 * definition it is dead, without its state it has exited, nobody knows how.
 */
export function containerOf(row: ContainerRow): LoadedRow {
  const definition = attempt(() => checkDefinition(JSON.parse(row.definition)));
  const stored = attempt(() => checkState(JSON.parse(row.state)));
  const problems = [
    ...(typeof definition === "string" ? [`its definition cannot be read (${definition})`] : []),
    ...(typeof stored === "string" ? [`its state cannot be read (${stored})`] : []),
  ];
  const { state, restartCount } = typeof stored === "string" ? unknownState(row, stored) : stored;
  const common = { id: row.id, name: row.name, created: row.created, state, restartCount };
  if (typeof definition !== "string") return { container: { ...common, ...definition }, problems };
  const damage = `the record of its definition is damaged (${definition}); copy out what is needed, remove it, and make it again`;
  return { container: { ...common, ...NO_DEFINITION, damage }, problems };
}

/** What it gives, or why it does not. */
function attempt<T extends object>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    return messageOf(error);
  }
}

const NO_DEFINITION: Definition = {
  config: {},
  hostConfig: { NetworkMode: "none" },
  endpoints: {},
  // A digest that nothing has.
  image: { id: `sha256:${"0".repeat(64)}` satisfies Digest, reference: "", os: "linux", topLayer: undefined, manifest: undefined },
  mounts: [],
};

/** Docker's exit code of a container whose end nobody saw. */
const LOST = 255;

function unknownState({ created }: ContainerRow, problem: string): StoredState {
  const last = {
    startedAt: created,
    finishedAt: created,
    exitCode: LOST,
    oomKilled: false,
    error: `the record of its state was damaged (${problem})`,
  };
  return { state: { status: "exited", last, stopRequested: true }, restartCount: 0 };
}

function checkDefinition(value: unknown): Definition {
  const { config, hostConfig, endpoints, image, mounts } = asObject(value, "it");
  for (const [name, part] of Object.entries({ config, hostConfig, endpoints, image })) asObject(part, name);
  const { id, reference } = asObject(image, "image");
  if (typeof id !== "string" || typeof reference !== "string") throw new TypeError("image has no id");
  if (!Array.isArray(mounts)) throw new TypeError("mounts is not a list");
  for (const mount of mounts) asObject(asObject(mount, "a mount")["shown"], "a mount");
  return value as Definition;
}

const KEYS: Readonly<Record<ContainerState["status"], string | undefined>> = {
  created: undefined,
  running: "pid",
  paused: "pid",
  restarting: "last",
  exited: "last",
};

function checkState(value: unknown): StoredState {
  const { state, restartCount } = asObject(value, "it");
  const { status, ...rest } = asObject(state, "state");
  if (typeof status !== "string" || !Object.hasOwn(KEYS, status)) throw new TypeError("there is no such state");
  const key = KEYS[status as ContainerState["status"]];
  if ((key !== undefined && !Object.hasOwn(rest, key)) || typeof restartCount !== "number") throw new TypeError("a part is missing");
  if (key === "last") asObject(rest["last"], "last");
  return value as StoredState;
}

function asObject(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError(`${name} is not an object`);
  return value as Record<string, unknown>;
}
