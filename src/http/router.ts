import { EngineError } from "#errors/engine-error.ts";
import type { Route } from "./route.ts";

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** A node of the tree of path segments. Literal segments go before parameters, and those before `:name*`. */
interface Branch {
  readonly literals: Map<string, Branch>;
  parameter: Branch | undefined;
  /** What may follow a `:name*`, by its literal segments from the end of the path: `/images/:name*\/json`. */
  readonly rests: { readonly suffix: readonly string[]; readonly routes: Map<string, Endpoint> }[];
  readonly routes: Map<string, Endpoint>;
}

interface Endpoint {
  readonly route: Route;
  readonly names: readonly string[];
}

/** Matches requests to the rows of a table; built once. */
export class Router {
  readonly #root = newBranch();

  /** @throws Error for a malformed pattern, or two rows of the same method and path. */
  constructor(routes: readonly Route[]) {
    for (const route of routes) add(this.#root, route);
  }

  /**
   * Finds the row for a path as it was sent (still encoded, without query). Undefined is 404 for the caller, for a wrong method too:
   * Docker does not answer 405.
   *
   * @throws EngineError `invalid` for a path that is no path: a bad escape, control characters, `.` and `..` as segments.
   */
  match(method: string, path: string): Match | undefined {
    const segments = decodePath(path);
    const values: string[] = [];
    const endpoint = segments === undefined ? undefined : find(this.#root, segments, 0, method, values);
    return endpoint && { route: endpoint.route, params: named(endpoint.names, values) };
  }
}

function newBranch(): Branch {
  return { literals: new Map(), parameter: undefined, rests: [], routes: new Map() };
}

function add(root: Branch, route: Route): void {
  const segments = route.path.split("/").slice(1);
  const names = segments.filter((segment) => segment.startsWith(":")).map((segment) => segment.slice(1).replace("*", ""));
  const rest = segments.findIndex((segment) => segment.endsWith("*"));
  const suffix = rest < 0 ? [] : segments.slice(rest + 1);
  if (!route.path.startsWith("/") || suffix.some((segment) => segment.startsWith(":"))) throw new Error(`malformed route ${route.path}`);
  const branch = (rest < 0 ? segments : segments.slice(0, rest)).reduce(descend, root);
  const routes = rest < 0 ? branch.routes : restOf(branch, suffix).routes;
  if (routes.has(route.method)) throw new Error(`two routes for ${route.method} ${route.path}`);
  routes.set(route.method, { route, names });
}

function descend(branch: Branch, segment: string): Branch {
  if (segment.startsWith(":")) return (branch.parameter ??= newBranch());
  const next = branch.literals.get(segment) ?? newBranch();
  branch.literals.set(segment, next);
  return next;
}

/** The longest suffix is tried first, so that `/images/:name*\/json` goes before `/images/:name*`. */
function restOf(branch: Branch, suffix: readonly string[]): Branch["rests"][number] {
  const known = branch.rests.find((rest) => rest.suffix.join("/") === suffix.join("/"));
  if (known !== undefined) return known;
  const rest = { suffix, routes: new Map<string, Endpoint>() };
  branch.rests.push(rest);
  branch.rests.sort((a, b) => b.suffix.length - a.suffix.length);
  return rest;
}

function find(branch: Branch, segments: readonly string[], at: number, method: string, values: string[]): Endpoint | undefined {
  const segment = segments[at];
  if (segment === undefined) return branch.routes.get(method);
  const literal = branch.literals.get(segment);
  const found = literal && find(literal, segments, at + 1, method, values);
  return found ?? findParameter(branch, segments, at, method, values) ?? findRest(branch, segments, at, method, values);
}

function findParameter(branch: Branch, segments: readonly string[], at: number, method: string, values: string[]): Endpoint | undefined {
  const segment = segments[at] ?? "";
  // An encoded slash is a slash: an id has none, so this is a path of another form.
  if (branch.parameter === undefined || segment === "" || segment.includes("/")) return undefined;
  values.push(segment);
  const found = find(branch.parameter, segments, at + 1, method, values);
  if (found === undefined) values.pop();
  return found;
}

function findRest(branch: Branch, segments: readonly string[], at: number, method: string, values: string[]): Endpoint | undefined {
  for (const { suffix, routes } of branch.rests) {
    const end = segments.length - suffix.length;
    const endpoint = routes.get(method);
    if (endpoint === undefined || end <= at || suffix.some((segment, index) => segments[end + index] !== segment)) continue;
    const name = segments.slice(at, end);
    if (name.includes("")) continue;
    values.push(name.join("/"));
    return endpoint;
  }
  return undefined;
}

function named(names: readonly string[], values: readonly string[]): Record<string, string> {
  const params = Object.create(null) as Record<string, string>;
  for (const [index, name] of names.entries()) params[name] = values[index] ?? "";
  return params;
}

/** Undefined when it does not start with a slash. Each segment is decoded once, after splitting. */
function decodePath(path: string): readonly string[] | undefined {
  if (!path.startsWith("/")) return undefined;
  const segments = path.slice(1).split("/");
  const decoded = path.includes("%") ? segments.map(decodeSegment) : segments;
  // No name in the API is one of these, and no handler should have to think of them.
  if (decoded.some((segment) => segment.split("/").some((part) => part === "." || part === "..") || hasControl(segment))) {
    throw new EngineError("invalid", `invalid path ${JSON.stringify(path.slice(0, 200))}`);
  }
  return decoded;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new EngineError("invalid", `invalid URL escape in ${JSON.stringify(segment.slice(0, 200))}`, { cause });
  }
}

function hasControl(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return /[\u0000-\u001f\u007f]/.test(text);
}
