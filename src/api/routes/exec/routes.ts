import { json, type Route } from "#http/route.ts";
import { execView } from "../../views/container-exec.ts";
import { terminalSizeOf } from "../../query.ts";
import type { ExecBackend } from "./backend.ts";
import { createExec } from "./create.ts";
import { startExec } from "./start.ts";

export function execRoutes(backend: ExecBackend): Route[] {
  return [
    { method: "POST", path: "/containers/:id/exec", handler: (request) => createExec(backend, request) },
    { method: "POST", path: "/exec/:id/start", handler: (request) => startExec(backend, request) },
    { method: "GET", path: "/exec/:id/json", handler: async ({ params }) => json(execView(backend.execInspect(params["id"] ?? ""))) },
    {
      method: "POST",
      path: "/exec/:id/resize",
      handler: async ({ params, query }) => {
        backend.execResize(params["id"] ?? "", terminalSizeOf(query));
        return { kind: "empty", status: 200 };
      },
    },
  ];
}
