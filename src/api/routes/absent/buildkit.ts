import type { Duplex } from "node:stream";
import { EngineError } from "#errors/engine-error.ts";
import type { Handler, Route } from "#http/route.ts";

const MESSAGE = "BuildKit's protocol is not implemented yet by Dhow: set DOCKER_BUILDKIT=0 to build without it";
/** gRPC's `UNIMPLEMENTED`. */
const UNIMPLEMENTED = "12";
const IDLE_MS = 30_000;

/** Compose and others show the message that comes back. */
const refuse: Handler = () => Promise.reject(new EngineError("not-implemented", MESSAGE));

/**
 * buildx asks whether it can talk gRPC here, and where it cannot, it starts a BuildKit of its own in a container, which takes an image from the
 * internet, and whose results are no images of this engine. So it can, and every call is answered with what to do instead.
 */
const refuseCalls: Handler = async (request) => {
  if (request.headers["upgrade"] !== "h2c") return await refuse(request);
  return { kind: "hijack", contentType: "application/grpc", run: answerCalls };
};

async function answerCalls(connection: Duplex): Promise<void> {
  const { performServerHandshake } = process.getBuiltinModule("node:http2");
  const session = performServerHandshake(connection);
  session.on("error", () => undefined);
  session.setTimeout(IDLE_MS, () => session.destroy());
  session.on("stream", (call) => {
    call.on("error", () => undefined);
    const trailers = { "grpc-status": UNIMPLEMENTED, "grpc-message": MESSAGE };
    call.respond({ ":status": 200, "content-type": "application/grpc", ...trailers }, { endStream: true });
  });
  await new Promise<void>((resolve) => session.once("close", resolve));
}

export const buildkitRoutes: readonly Route[] = [
  { method: "POST", path: "/session", handler: refuse },
  { method: "POST", path: "/grpc", handler: refuseCalls },
];
