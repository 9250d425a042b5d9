import type { AttachOptions } from "#container/attach/attach.ts";
import type { ApiRequest, Reply } from "#http/route.ts";
import type { ContainerStdio } from "./backend.ts";
import { booleanOf } from "../../query.ts";
import { sessionReply } from "../../stdio/serve-session.ts";

export async function attachContainer(backend: Pick<ContainerStdio, "attach">, request: ApiRequest): Promise<Reply> {
  const { query, params } = request;
  const session = await backend.attach(params["id"] ?? "", attachOptionsOf(query));
  return sessionReply(session, request);
}

export function attachOptionsOf(query: URLSearchParams): AttachOptions {
  return {
    logs: booleanOf(query, "logs"),
    stream: booleanOf(query, "stream"),
    stdin: booleanOf(query, "stdin"),
    stdout: booleanOf(query, "stdout"),
    stderr: booleanOf(query, "stderr"),
    detachKeys: query.get("detachKeys") ?? "",
  };
}
