import { EngineError, messageOf } from "#errors/engine-error.ts";
import { linearPattern } from "#lib/linear-pattern.ts";
import { matchesAny, matchesLabels, type Filters } from "#spec/filters/filters.ts";
import { canonicalString, parseImageName, withDefaultTag } from "#spec/reference.ts";
import { parsePortRange, portsOf, publishedPorts, type PortRange } from "../record/container-ports.ts";
import { exitCodeOf, statusOf, type Container } from "../record/container.ts";
import type { NetworkSandbox } from "../ports.ts";

/** What a filter may have to look up. */
export interface FilterLookups {
  /** @throws EngineError `not-found`. */
  readonly find: (reference: string) => Container;
  readonly sandboxOf: (id: string) => NetworkSandbox | undefined;
  /** `none` without a check. */
  readonly healthOf: (id: string) => string;
  /** Containers of these ids are taken too: the images that `ancestor` names, resolved. */
  readonly ancestors: ReadonlySet<string>;
}

type Test = (container: Container) => boolean;

const STATES = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];
const HEALTH = ["none", "starting", "healthy", "unhealthy"];

/**
 * Turns filters into one question for each container; whatever they look up is looked up once.
 *
 * @throws EngineError `invalid` for a value that makes no sense, `not-found` for `before` and `since`.
 */
export function compileFilters(filters: Filters, lookups: FilterLookups): Test {
  const tests = [
    ...oneOf(filters, "status", checkedAgainst("status", STATES, "state"), (value, container) => statusOf(container) === value),
    ...oneOf(filters, "health", checkedAgainst("health", HEALTH, "health"), (value, { id }) => lookups.healthOf(id) === value),
    ...oneOf(filters, "exited", parseExitCode, (value, { state }) => hasExited(state) && exitCodeOf(state) === value),
    ...oneOf(filters, "is-task", parseTask, (value) => !value),
    ...oneOf(filters, "isolation", identity, (value) => value === "default"),
    ...oneOf(filters, "id", identity, (value, { id }) => id.startsWith(value)),
    ...oneOf(filters, "name", namePattern, (matches, { name }) => matches(name)),
    ...oneOf(filters, "volume", identity, usesVolume),
    ...oneOf(filters, "network", identity, (value, container) => isOnNetwork(value, container, lookups.sandboxOf(container.id))),
    ...oneOf(filters, "expose", portParser("expose"), (range, container) => portsOf(container).some((port) => inRange(range, port))),
    ...oneOf(filters, "publish", portParser("publish"), (range, container) =>
      publishedPorts(lookups.sandboxOf(container.id)).some((port) => inRange(range, port)),
    ),
    ...ancestorTest(filters, lookups),
    ...orderTests(filters, lookups),
  ];
  return (container) => matchesLabels(filters, container.config.Labels ?? {}) && tests.every((test) => test(container));
}

/** No test when there is no such filter; else one that is passed by matching any of its values. */
function oneOf<T>(
  filters: Filters,
  key: string,
  parse: (value: string) => T,
  matches: (value: T, container: Container) => boolean,
): Test[] {
  const values = filters.get(key) ?? [];
  if (values.length === 0) return [];
  const parsed = values.map(parse);
  return [(container) => parsed.some((value) => matches(value, container))];
}

const identity = (value: string): string => value;

function invalidFilter(key: string, value: string, problem: string): EngineError {
  return new EngineError("invalid", `invalid filter '${key}=${value}': ${problem}`);
}

function checkedAgainst(key: string, known: readonly string[], what: string): (value: string) => string {
  return (value) => {
    if (known.includes(value)) return value;
    throw invalidFilter(key, value, `invalid value for ${what} (${value}): must be one of ${known.join(", ")}`);
  };
}

function parseExitCode(value: string): number {
  if (!/^-?\d{1,9}$/.test(value)) throw invalidFilter("exited", value, `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
  return Number(value);
}

function hasExited(state: Container["state"]): boolean {
  return state.status === "exited";
}

function parseTask(value: string): boolean {
  if (["1", "true"].includes(value.toLowerCase())) return true;
  if (["0", "false"].includes(value.toLowerCase())) return false;
  throw new EngineError("invalid", `invalid filter 'is-task=[${value}]'`);
}

/** A name, with or without its slash; or a regular expression of Go's. A broken one matches nothing, as with Docker. */
function namePattern(value: string): (name: string) => boolean {
  const matches = linearPattern(value);
  return (name) => [name, `/${name}`].some((form) => form === value || matches?.(form) === true);
}

function usesVolume(value: string, { mounts }: Container): boolean {
  return mounts.some(({ volumeName, target, source }) => volumeName === value || target === value || (source !== "" && source === value));
}

function isOnNetwork(value: string, { hostConfig, endpoints }: Container, sandbox: NetworkSandbox | undefined): boolean {
  if (hostConfig.NetworkMode === value || Object.hasOwn(endpoints, value)) return true;
  return Object.entries(sandbox?.endpoints ?? {}).some(([name, endpoint]) => name === value || endpoint.NetworkID === value);
}

function portParser(key: string): (value: string) => PortRange {
  return (value) => {
    try {
      return parsePortRange(value);
    } catch (cause) {
      throw new EngineError("invalid", `error while looking up for ${key} ${value}: ${messageOf(cause)}`, { cause });
    }
  };
}

function inRange({ first, last, protocol }: PortRange, port: { readonly port: number; readonly protocol: string }): boolean {
  return port.protocol === protocol && port.port >= first && port.port <= last;
}

/** By the reference as it was written, by its full form, by an image's id or its prefix. */
function ancestorTest(filters: Filters, { ancestors }: FilterLookups): Test[] {
  if ((filters.get("ancestor") ?? []).length === 0) return [];
  return [
    ({ image }) =>
      ancestors.has(image.id) ||
      matchesAny(filters, "ancestor", (value) => image.reference === value || fullName(image.reference) === fullName(value)),
  ];
}

function fullName(text: string): string {
  try {
    const name = parseImageName(text);
    return name.kind === "id" ? name.id : canonicalString(withDefaultTag(name.reference));
  } catch {
    return text;
  }
}

function orderTests(filters: Filters, { find }: FilterLookups): Test[] {
  const before = (filters.get("before") ?? []).map((reference) => find(reference).created);
  const since = (filters.get("since") ?? []).map((reference) => find(reference).created);
  if (before.length === 0 && since.length === 0) return [];
  return [({ created }) => before.every((limit) => created < limit) && since.every((limit) => created > limit)];
}
