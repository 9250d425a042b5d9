import { EngineError } from "#errors/engine-error.ts";
import type { Route } from "#http/route.ts";
import { buildkitRoutes } from "./buildkit.ts";
import { checkpointRoutes } from "./checkpoints.ts";
import { endpoints } from "./endpoints.ts";
import { pluginRoutes } from "./plugins.ts";
import { swarmRoutes } from "./swarm.ts";

/**
 * Answers for the rest of the API, so that a client reads what is missing instead of `page not found`.
 *
 * @param present what is implemented; it goes before.
 */
export function absentRoutes(present: readonly Route[]): Route[] {
  const taken = new Set(present.map(keyOf));
  const rest = endpoints.map((endpoint) => notYet(...(endpoint.split(" ") as [Route["method"], string])));
  return [...swarmRoutes, ...pluginRoutes, ...buildkitRoutes, ...checkpointRoutes, ...rest].filter((route) => !taken.has(keyOf(route)));
}

/** Two rows are one when they differ in the names of their parameters alone. */
function keyOf({ method, path }: Pick<Route, "method" | "path">): string {
  return `${method} ${path.replace(/:\w+\*?/g, ":")}`;
}

function notYet(method: Route["method"], path: string): Route {
  const shown = path.replace(/:(\w+)\*?/g, "{$1}");
  return {
    method,
    path,
    handler: () => Promise.reject(new EngineError("not-implemented", `${method} ${shown} is not implemented yet by Dhow`)),
  };
}
