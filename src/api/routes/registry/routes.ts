import type { Route } from "#http/route.ts";
import type { RegistryBackend } from "./backend.ts";
import { checkAuth } from "./auth.ts";
import { inspectDistribution } from "./distribution.ts";
import { searchImages } from "./search.ts";
import { verifyDistribution } from "./verify.ts";

export function registryRoutes(backend: RegistryBackend): Route[] {
  return [
    { method: "POST", path: "/auth", handler: (request) => checkAuth(backend, request) },
    { method: "GET", path: "/distribution/:name*/json", handler: (request) => inspectDistribution(backend, request) },
    { method: "GET", path: "/distribution/:name*/verify", handler: (request) => verifyDistribution(backend, request) },
    { method: "GET", path: "/images/search", handler: (request) => searchImages(backend, request) },
  ];
}
