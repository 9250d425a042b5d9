import { EngineError } from "#errors/engine-error.ts";
import { json, type Handler, type Route } from "#http/route.ts";

const notFound: Handler = ({ params }) => Promise.reject(new EngineError("not-found", `plugin "${params["name"] ?? ""}" not found`));
const notYet: Handler = () => Promise.reject(new EngineError("not-implemented", "managed plugins are not implemented yet by Dhow"));

/** There are no plugins, and no way to get one yet. */
export const pluginRoutes: readonly Route[] = [
  { method: "GET", path: "/plugins", handler: async () => json([]) },
  { method: "GET", path: "/plugins/privileges", handler: notYet },
  { method: "POST", path: "/plugins/pull", handler: notYet },
  { method: "POST", path: "/plugins/create", handler: notYet },
  { method: "GET", path: "/plugins/:name*/json", handler: notFound },
  { method: "DELETE", path: "/plugins/:name*", handler: notFound },
  { method: "POST", path: "/plugins/:name*/enable", handler: notFound },
  { method: "POST", path: "/plugins/:name*/disable", handler: notFound },
  { method: "POST", path: "/plugins/:name*/upgrade", handler: notFound },
  { method: "POST", path: "/plugins/:name*/push", handler: notFound },
  { method: "POST", path: "/plugins/:name*/set", handler: notFound },
];
