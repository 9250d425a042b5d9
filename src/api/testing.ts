/** For tests: a small engine that only talks, behind the real front door. */
import type { Duplex } from "node:stream";
import { EngineError } from "#errors/engine-error.ts";
import { encodeLine } from "#http/body/ndjson.ts";
import { json, noContent, type Route } from "#http/route.ts";
import { encodeFrames, writeFrame } from "#http/body/stdcopy.ts";
import { validate } from "#spec/docker-api/validate.ts";

const ID = "a".repeat(64);
const MULTIPLEXED = "application/vnd.docker.multiplexed-stream";

/** Repeats what is typed on stdout, counts it on stderr, and ends when the typing does. */
async function repeat(stream: Duplex): Promise<void> {
  let count = 0;
  for await (const chunk of stream) {
    const data = chunk as Buffer;
    count += data.length;
    writeFrame(stream, { stream: "stdout", data });
  }
  writeFrame(stream, { stream: "stderr", data: Buffer.from(`${count} bytes`) });
}

async function* twoEvents(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  yield encodeLine({ Type: "container", Action: "start", Actor: { ID, Attributes: {} } });
  yield encodeLine({ Type: "container", Action: "die", Actor: { ID, Attributes: { exitCode: "3" } } });
  await new Promise((resolve) => {
    signal.addEventListener("abort", resolve);
  });
}

async function* progress(): AsyncGenerator<Uint8Array> {
  yield encodeLine({ status: "Pulling from library/busybox", id: "latest" });
  yield encodeLine({ errorDetail: { message: "manifest unknown" }, error: "manifest unknown" });
}

async function* once(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield data;
}

export const talkingRoutes: readonly Route[] = [
  { method: "GET", path: "/_ping", handler: async () => ({ kind: "text", status: 200, body: "OK" }) },
  { method: "HEAD", path: "/_ping", handler: async () => ({ kind: "empty", status: 200 }) },
  { method: "GET", path: "/version", handler: async ({ apiVersion }) => json({ ApiVersion: "1.55", Asked: apiVersion.join(".") }) },
  { method: "GET", path: "/info", handler: async () => json({ ID, FirewallBackend: {} }) },
  {
    method: "POST",
    path: "/containers/create",
    handler: async (request) => {
      const body = validate("ContainerCreateBody", await request.json()) as { Image?: string; HostConfig?: object } | undefined;
      if (body?.Image === undefined) throw new EngineError("invalid", "config cannot be empty in order to create a container");
      if (body.Image === "nosuch") throw new EngineError("not-found", "No such image: nosuch:latest");
      return json({ Id: ID, Warnings: [], Seen: body.HostConfig }, 201);
    },
  },
  { method: "POST", path: "/containers/:id/start", handler: async () => noContent() },
  { method: "POST", path: "/containers/:id/pause", handler: async () => Promise.reject(new EngineError("not-modified", "already")) },
  {
    method: "GET",
    path: "/containers/:id/json",
    handler: async ({ params }) => Promise.reject(new EngineError("not-found", `No such container: ${params["id"]}`)),
  },
  { method: "POST", path: "/containers/:id/attach", handler: async () => ({ kind: "hijack", contentType: MULTIPLEXED, run: repeat }) },
  {
    method: "POST",
    path: "/containers/:id/exec",
    handler: async (request) => {
      await request.json();
      return json({ Id: "e".repeat(64) }, 201);
    },
  },
  {
    method: "POST",
    path: "/exec/:id/start",
    handler: async (request) => {
      await request.json();
      return { kind: "hijack", contentType: MULTIPLEXED, run: repeat };
    },
  },
  {
    method: "GET",
    path: "/containers/:id/logs",
    handler: async () => {
      const frames = encodeFrames([
        { stream: "stdout", data: Buffer.from("out\n") },
        { stream: "stderr", data: Buffer.from("err\n") },
      ]);
      return { kind: "stream", status: 200, contentType: MULTIPLEXED, body: once(frames) };
    },
  },
  {
    method: "POST",
    path: "/containers/:id/wait",
    handler: async () => ({ kind: "stream", status: 200, contentType: "application/json", body: once(encodeLine({ StatusCode: 3 })) }),
  },
  {
    method: "GET",
    path: "/events",
    handler: async ({ signal }) => ({ kind: "stream", status: 200, contentType: "application/json", body: twoEvents(signal) }),
  },
  {
    method: "POST",
    path: "/images/create",
    handler: async () => ({ kind: "stream", status: 200, contentType: "application/json", body: progress() }),
  },
  { method: "GET", path: "/images/:name*/json", handler: async ({ params }) => json({ Id: params["name"], Size: 5 }) },
  { method: "GET", path: "/bug", handler: async () => Promise.reject(new TypeError("secret of /var/lib")) },
  { method: "GET", path: "/young", since: [1, 55], handler: async () => json({}) },
];
