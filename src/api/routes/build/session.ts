import { EngineError } from "#errors/engine-error.ts";
import type { ApiRequest, Reply } from "#http/route.ts";
import { BUILD_SESSION_HEADER } from "#spec/build/session.ts";
import type { BuildBackend } from "./backend.ts";

/** Takes the connection on which a client offers things to a build that comes next (`spec/build/session.ts`). */
export async function openSession(backend: Pick<BuildBackend, "openSession">, { headers }: ApiRequest): Promise<Reply> {
  const id = headers[BUILD_SESSION_HEADER];
  if (typeof id !== "string") throw new EngineError("invalid", `a build session needs its id in ${BUILD_SESSION_HEADER}`);
  if (headers["upgrade"] === undefined) throw new EngineError("invalid", "a build session needs an upgraded connection (Upgrade: tcp)");
  return { kind: "hijack", contentType: "application/vnd.dhow.build-session", run: await backend.openSession(id) };
}
