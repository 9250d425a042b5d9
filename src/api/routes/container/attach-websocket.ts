import type { ApiRequest, Reply } from "#http/route.ts";
import { webSocketAccept } from "#http/websocket/handshake.ts";
import { compareApiVersions, type ApiVersion } from "#spec/api-version.ts";
import { attachOptionsOf } from "./attach.ts";
import type { ContainerStdio } from "./backend.ts";

const BINARY_SINCE: ApiVersion = [1, 28];

/** Attaches over a websocket, for web consoles: no frames of stdcopy, stdout and stderr are one stream. */
export async function attachWebSocket(backend: Pick<ContainerStdio, "attach">, request: ApiRequest): Promise<Reply> {
  const accept = webSocketAccept(request);
  // Loaded for the first who asks: most engines never see one.
  const { serveWebSocket } = await import("../../stdio/serve-websocket.ts");
  const session = await backend.attach(request.params["id"] ?? "", attachOptionsOf(request.query));
  // Also when the client goes away before it gets its answer: then nobody runs the session.
  request.signal.addEventListener("abort", () => session.close(), { once: true });
  const binary = compareApiVersions(request.apiVersion, BINARY_SINCE) >= 0;
  return { kind: "websocket", accept, run: async (stream) => await serveWebSocket(stream, session, { binary }) };
}
