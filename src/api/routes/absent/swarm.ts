import { EngineError } from "#errors/engine-error.ts";
import type { Route } from "#http/route.ts";

const NO_MANAGER =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
const NO_SWARM = "This node is not part of a swarm";

const answer = (category: "unavailable" | "not-implemented", message: string): Route["handler"] => {
  return () => Promise.reject(new EngineError(category, message));
};

const noManager = answer("unavailable", NO_MANAGER);
const noSwarm = answer("unavailable", NO_SWARM);

/** An object that only a manager has: listed, made, inspected, changed, removed. */
const managed = (collection: string): Route[] => [
  { method: "GET", path: `/${collection}`, handler: noManager },
  { method: "POST", path: `/${collection}/create`, handler: noManager },
  { method: "GET", path: `/${collection}/:id`, handler: noManager },
  { method: "DELETE", path: `/${collection}/:id`, handler: noManager },
  { method: "POST", path: `/${collection}/:id/update`, handler: noManager },
];

/** This daemon is a node outside a swarm, and answers as one. */
export const swarmRoutes: readonly Route[] = [
  ...["services", "secrets", "configs", "nodes"].flatMap(managed),
  { method: "GET", path: "/services/:id/logs", handler: noManager },
  { method: "GET", path: "/tasks", handler: noManager },
  { method: "GET", path: "/tasks/:id", handler: noManager },
  { method: "GET", path: "/tasks/:id/logs", handler: noManager },
  { method: "GET", path: "/swarm", handler: noManager },
  { method: "GET", path: "/swarm/unlockkey", handler: noManager },
  { method: "POST", path: "/swarm/update", handler: noManager },
  { method: "POST", path: "/swarm/leave", handler: noSwarm },
  { method: "POST", path: "/swarm/unlock", handler: noSwarm },
  { method: "POST", path: "/swarm/init", handler: answer("not-implemented", "swarm mode is not implemented by Dhow") },
  { method: "POST", path: "/swarm/join", handler: answer("not-implemented", "swarm mode is not implemented by Dhow") },
];
