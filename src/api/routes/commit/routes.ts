import { json, type ApiRequest, type Reply, type Route } from "#http/route.ts";
import type { ContainerConfig } from "#spec/docker-api/types.ts";
import { validate } from "#spec/docker-api/validate.ts";
import { booleanOf } from "../../query.ts";
import type { CommitBackend } from "./backend.ts";

export function commitRoutes(backend: CommitBackend): Route[] {
  return [{ method: "POST", path: "/commit", handler: (request) => commit(backend, request) }];
}

async function commit(backend: CommitBackend, request: ApiRequest): Promise<Reply> {
  const { query, signal } = request;
  const body = await request.json();
  const config = validate("ContainerConfig", body ?? {}) as ContainerConfig;
  const id = await backend.commit(
    {
      container: query.get("container") ?? "",
      repo: query.get("repo") ?? "",
      tag: query.get("tag") ?? "",
      author: query.get("author") ?? "",
      comment: query.get("comment") ?? "",
      // An empty value is no answer, as for Docker.
      pause: query.get("pause") === "" || booleanOf(query, "pause", true),
      changes: query.getAll("changes"),
      // What sets nothing means nothing.
      config: Object.values(config).every((value) => value === undefined) ? undefined : config,
    },
    signal,
  );
  return json({ Id: id }, 201);
}
