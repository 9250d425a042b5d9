import { EngineError } from "#errors/engine-error.ts";
import type { Handler, Route } from "#http/route.ts";

/** For the endpoints of checkpoints, and for a start from one. Docker answers 501 too, unless it runs in its experimental mode. */
export function noCheckpoints(): EngineError {
  return new EngineError(
    "not-implemented",
    "checkpoints are not supported yet by Dhow, whether or not criu is installed on this host: containers can be stopped, paused or committed",
  );
}

const refuse: Handler = () => Promise.reject(noCheckpoints());

export const checkpointRoutes: readonly Route[] = [
  { method: "GET", path: "/containers/:id/checkpoints", handler: refuse },
  { method: "POST", path: "/containers/:id/checkpoints", handler: refuse },
  { method: "DELETE", path: "/containers/:id/checkpoints/:checkpoint", handler: refuse },
];
