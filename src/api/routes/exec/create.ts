import { json, type ApiRequest, type Reply } from "#http/route.ts";
import type { ContainerExecBody } from "#spec/docker-api/types.ts";
import { validate } from "#spec/docker-api/validate.ts";
import type { ExecBackend } from "./backend.ts";
import { consoleSizeOf } from "./console-size.ts";

export async function createExec(backend: Pick<ExecBackend, "execCreate">, request: ApiRequest): Promise<Reply> {
  const body = validate("ContainerExecBody", (await request.json()) ?? {}) as ContainerExecBody;
  const config = {
    command: body.Cmd ?? [],
    env: body.Env ?? [],
    user: body.User ?? "",
    workingDir: body.WorkingDir ?? "",
    privileged: body.Privileged ?? false,
    tty: body.Tty ?? false,
    stdin: body.AttachStdin ?? false,
    stdout: body.AttachStdout ?? false,
    stderr: body.AttachStderr ?? false,
    detachKeys: body.DetachKeys ?? "",
  };
  const id = await backend.execCreate(request.params["id"] ?? "", config, consoleSizeOf(body.ConsoleSize));
  return json({ Id: id }, 201);
}
