import type { Route } from "#http/route.ts";
import type { ImageBackend } from "./backend.ts";
import { imageAttestations } from "./attestations.ts";
import { createImage } from "./create.ts";
import { imageHistory } from "./history.ts";
import { inspectImage } from "./inspect.ts";
import { listImages } from "./list.ts";
import { loadImages } from "./load.ts";
import { pruneImages } from "./prune.ts";
import { pushImage } from "./push.ts";
import { removeImage } from "./remove.ts";
import { saveImages } from "./save.ts";
import { tagImage } from "./tag.ts";

/** Everything below /images that this engine has. */
export function imageRoutes(backend: ImageBackend): Route[] {
  return [
    { method: "GET", path: "/images/json", handler: (request) => listImages(backend, request) },
    { method: "POST", path: "/images/create", handler: async (request) => createImage(backend, request) },
    { method: "POST", path: "/images/prune", handler: (request) => pruneImages(backend, request) },
    { method: "POST", path: "/images/load", handler: async (request) => loadImages(backend, request) },
    { method: "GET", path: "/images/get", handler: async (request) => saveImages(backend, request) },
    { method: "GET", path: "/images/:name*/get", handler: async (request) => saveImages(backend, request) },
    { method: "GET", path: "/images/:name*/json", handler: (request) => inspectImage(backend, request) },
    { method: "GET", path: "/images/:name*/history", handler: (request) => imageHistory(backend, request) },
    { method: "GET", path: "/images/:name*/attestations", handler: (request) => imageAttestations(backend, request) },
    { method: "POST", path: "/images/:name*/push", handler: async (request) => pushImage(backend, request) },
    { method: "POST", path: "/images/:name*/tag", handler: (request) => tagImage(backend, request) },
    { method: "DELETE", path: "/images/:name*", handler: (request) => removeImage(backend, request) },
  ];
}
