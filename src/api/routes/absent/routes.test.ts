import { expect, test } from "vitest";
import { isEngineError } from "#errors/engine-error.ts";
import type { ApiRequest, Reply, Route } from "#http/route.ts";
import { Router } from "#http/router.ts";
import { absentRoutes } from "./routes.ts";

const here: Route = { method: "GET", path: "/volumes/:anything", handler: () => Promise.resolve({ kind: "empty", status: 204 }) };
const router = new Router([here, ...absentRoutes([here])]);

function ask(method: string, path: string): Promise<Reply> {
  const found = router.match(method, path);
  if (found === undefined) throw new Error(`no route for ${method} ${path}`);
  return found.route.handler({ params: found.params, headers: {} } as unknown as ApiRequest);
}

test.each([
  ["GET", "/containers/abc/changes", "not-implemented", "GET /containers/{id}/changes is not implemented yet by Dhow"],
  ["POST", "/build/cancel", "not-implemented", "POST /build/cancel is not implemented yet by Dhow"],
  ["POST", "/images/host:5000/a/b/push", "not-implemented", "POST /images/{name}/push is not implemented yet by Dhow"],
  ["GET", "/services", "unavailable", "This node is not a swarm manager."],
  ["GET", "/nodes", "unavailable", 'Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.'],
  ["POST", "/secrets/create", "unavailable", "This node is not a swarm manager."],
  ["GET", "/tasks/x/logs", "unavailable", "This node is not a swarm manager."],
  ["POST", "/swarm/leave", "unavailable", "This node is not part of a swarm"],
  ["POST", "/swarm/init", "not-implemented", "swarm mode"],
  ["GET", "/containers/abc/checkpoints", "not-implemented", "checkpoints are not supported yet by Dhow"],
  ["POST", "/containers/abc/checkpoints", "not-implemented", "checkpoints are not supported yet by Dhow"],
  ["DELETE", "/containers/abc/checkpoints/one", "not-implemented", "whether or not criu is installed"],
  ["POST", "/session", "not-implemented", "DOCKER_BUILDKIT=0"],
  ["POST", "/grpc", "not-implemented", "DOCKER_BUILDKIT=0"],
  ["GET", "/plugins/a/b/json", "not-found", 'plugin "a/b" not found'],
  ["POST", "/plugins/pull", "not-implemented", "managed plugins"],
] as const)("%s %s: %s", async (method, path, category, message) => {
  const error: unknown = await ask(method, path).catch((thrown: unknown) => thrown);
  expect(isEngineError(error, category)).toBe(true);
  expect(String(error)).toContain(message);
});

test("there are no plugins", async () => {
  await expect(ask("GET", "/plugins")).resolves.toMatchObject({ body: [] });
});

test("what is implemented goes before, whatever its parameters are called", async () => {
  await expect(ask("GET", "/volumes/x")).resolves.toMatchObject({ status: 204 });
  await expect(ask("DELETE", "/volumes/x")).rejects.toThrow("DELETE /volumes/{name} is not implemented yet by Dhow");
});
