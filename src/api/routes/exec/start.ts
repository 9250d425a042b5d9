import type { ApiRequest, Reply } from "#http/route.ts";
import type { ExecStartBody } from "#spec/docker-api/types.ts";
import { validate } from "#spec/docker-api/validate.ts";
import { sessionReply } from "../../stdio/serve-session.ts";
import type { ExecBackend } from "./backend.ts";
import { consoleSizeOf } from "./console-size.ts";

export async function startExec(backend: ExecBackend, request: ApiRequest): Promise<Reply> {
  const id = request.params["id"] ?? "";
  const body = validate("ExecStartBody", (await request.json()) ?? {}) as ExecStartBody;
  if (body.Detach === true) {
    await backend.execStartDetached(id);
    return { kind: "empty", status: 200 };
  }
  return sessionReply(await backend.execStart(id, consoleSizeOf(body.ConsoleSize)), request);
}
