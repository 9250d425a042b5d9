import { json, type Route } from "#http/route.ts";
import { infoView } from "../../views/info.ts";
import { versionView } from "../../views/version.ts";
import type { SystemBackend } from "./backend.ts";
import { readDiskUsage } from "./disk-usage.ts";
import { examineStore } from "./doctor.ts";
import { streamEvents } from "./events.ts";
import { getPing, headPing } from "./ping.ts";

export function systemRoutes(backend: SystemBackend): Route[] {
  return [
    { method: "GET", path: "/_ping", handler: getPing },
    { method: "HEAD", path: "/_ping", handler: headPing },
    { method: "GET", path: "/version", handler: async () => json(versionView(backend.version())) },
    { method: "GET", path: "/info", handler: async ({ apiVersion }) => json(infoView(await backend.info(), apiVersion)) },
    { method: "GET", path: "/system/df", handler: (request) => readDiskUsage(backend, request) },
    { method: "POST", path: "/system/doctor", handler: (request) => examineStore(backend, request) },
    { method: "GET", path: "/events", handler: (request) => streamEvents(backend, request) },
  ];
}
