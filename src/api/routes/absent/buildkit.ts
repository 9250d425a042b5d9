import { EngineError } from "#errors/engine-error.ts";
import type { Handler, Route } from "#http/route.ts";

/** buildx and compose speak BuildKit's protocol over these two, and show the message that comes back. */
const refuse: Handler = () =>
  Promise.reject(
    new EngineError("not-implemented", "BuildKit's protocol is not implemented yet by Dhow: set DOCKER_BUILDKIT=0 to build without it"),
  );

export const buildkitRoutes: readonly Route[] = [
  { method: "POST", path: "/session", handler: refuse },
  { method: "POST", path: "/grpc", handler: refuse },
];
