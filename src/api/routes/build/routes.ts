import type { Route } from "#http/route.ts";
import type { BuildBackend } from "./backend.ts";
import { buildImage } from "./build.ts";
import { pruneBuilds } from "./prune.ts";
import { openSession } from "./session.ts";

export function buildRoutes(backend: BuildBackend): Route[] {
  return [
    { method: "POST", path: "/build", handler: (request) => buildImage(backend, request) },
    { method: "POST", path: "/build/session", handler: (request) => openSession(backend, request) },
    { method: "POST", path: "/build/prune", handler: (request) => pruneBuilds(backend, request) },
  ];
}
