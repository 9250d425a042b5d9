import { json, noContent, type ApiRequest, type Handler, type Reply, type Route } from "#http/route.ts";
import { noCheckpoints } from "../absent/checkpoints.ts";
import { inspectView } from "../../views/container-inspect.ts";
import { attachWebSocket } from "./attach-websocket.ts";
import { getArchive, putArchive, statArchive } from "./archive.ts";
import { attachContainer } from "./attach.ts";
import type { ContainerBackend } from "./backend.ts";
import { containerChanges } from "./changes.ts";
import { createContainer } from "./create.ts";
import { exportContainer } from "./export.ts";
import { listContainers } from "./list.ts";
import { streamLogs } from "./logs.ts";
import { pruneContainers } from "./prune.ts";
import { booleanOf, integerOf, terminalSizeOf } from "../../query.ts";
import { containerStats } from "./stats.ts";
import { updateContainer } from "./update.ts";
import { waitContainer } from "./wait.ts";

/** Everything below /containers that this engine has. */
export function containerRoutes(backend: ContainerBackend): Route[] {
  return [
    { method: "GET", path: "/containers/json", handler: (request) => listContainers(backend, request) },
    { method: "POST", path: "/containers/create", handler: (request) => createContainer(backend, request) },
    { method: "POST", path: "/containers/prune", handler: (request) => pruneContainers(backend, request) },
    { method: "GET", path: "/containers/:id/logs", handler: (request) => streamLogs(backend, request) },
    { method: "POST", path: "/containers/:id/attach", handler: (request) => attachContainer(backend, request) },
    { method: "GET", path: "/containers/:id/attach/ws", handler: (request) => attachWebSocket(backend, request) },
    { method: "POST", path: "/containers/:id/wait", handler: (request) => waitContainer(backend, request) },
    { method: "POST", path: "/containers/:id/update", handler: (request) => updateContainer(backend, request) },
    ...fileRoutes(backend),
    ...queryRoutes(backend),
    ...processRoutes(backend),
  ];
}

function fileRoutes(backend: ContainerBackend): Route[] {
  return [
    { method: "HEAD", path: "/containers/:id/archive", handler: (request) => statArchive(backend, request) },
    { method: "GET", path: "/containers/:id/archive", handler: (request) => getArchive(backend, request) },
    { method: "PUT", path: "/containers/:id/archive", handler: (request) => putArchive(backend, request) },
    { method: "GET", path: "/containers/:id/export", handler: (request) => exportContainer(backend, request) },
    { method: "GET", path: "/containers/:id/changes", handler: (request) => containerChanges(backend, request) },
  ];
}

function queryRoutes(backend: ContainerBackend): Route[] {
  return [
    {
      method: "GET",
      path: "/containers/:id/json",
      handler: async ({ params, query, apiVersion }) =>
        json(inspectView(await backend.inspect(params["id"] ?? "", booleanOf(query, "size")), apiVersion)),
    },
    { method: "GET", path: "/containers/:id/stats", handler: (request) => containerStats(backend, request) },
    {
      method: "GET",
      path: "/containers/:id/top",
      handler: async ({ params, query }) => {
        const { titles, processes } = await backend.top(params["id"] ?? "", query.get("ps_args") ?? "");
        return json({ Titles: titles, Processes: processes });
      },
    },
  ];
}

/** Verbs that answer with nothing. */
function processRoutes(backend: ContainerBackend): Route[] {
  return [
    verb("start", (id, query) => {
      if (query.get("checkpoint") || query.get("checkpoint-dir")) throw noCheckpoints();
      return backend.start(id);
    }),
    verb("stop", (id, query) => backend.stop(id, stopOptionsOf(query))),
    verb("restart", (id, query) => backend.restart(id, stopOptionsOf(query))),
    verb("kill", (id, query) => backend.kill(id, query.get("signal") ?? "")),
    verb("pause", (id) => backend.pause(id)),
    verb("unpause", (id) => backend.unpause(id)),
    verb("rename", (id, query) => backend.rename(id, query.get("name") ?? "")),
    {
      method: "POST",
      path: "/containers/:id/resize",
      handler: answering({ kind: "empty", status: 200 }, (id, query) => backend.resize(id, terminalSizeOf(query))),
    },
    {
      method: "DELETE",
      // Not one segment alone: `docker rm --link` names `owner/alias`.
      path: "/containers/:id*",
      handler: answering(noContent(), (id, query) =>
        backend.remove(id, { force: booleanOf(query, "force"), volumes: booleanOf(query, "v"), link: booleanOf(query, "link") }),
      ),
    },
  ];
}

type Verb = (id: string, query: URLSearchParams) => Promise<void>;

function verb(name: string, work: Verb): Route {
  return { method: "POST", path: `/containers/:id/${name}`, handler: answering(noContent(), work) };
}

function answering(reply: Reply, work: Verb): Handler {
  return async ({ params, query }: ApiRequest) => {
    await work(params["id"] ?? "", query);
    return reply;
  };
}

function stopOptionsOf(query: URLSearchParams): { timeout: number | undefined; signal: string | undefined } {
  return { timeout: integerOf(query, "t"), signal: query.get("signal") || undefined };
}
