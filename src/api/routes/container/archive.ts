import { EngineError } from "#errors/engine-error.ts";
import type { ApiRequest, Reply } from "#http/route.ts";
import type { PathStat } from "#container/files/stat-path.ts";
import { booleanOf } from "../../query.ts";
import type { ContainerArchives } from "./backend.ts";

const TAR = "application/x-tar";

export async function statArchive(backend: Pick<ContainerArchives, "statPath">, request: ApiRequest): Promise<Reply> {
  const stat = await backend.statPath(request.params["id"] ?? "", pathOf(request), request.signal);
  return { kind: "empty", status: 200, headers: statHeader(stat) };
}

export async function getArchive(backend: Pick<ContainerArchives, "getArchive">, request: ApiRequest): Promise<Reply> {
  const { stat, body } = await backend.getArchive(request.params["id"] ?? "", pathOf(request), request.signal);
  return { kind: "stream", status: 200, contentType: TAR, body, headers: statHeader(stat) };
}

export async function putArchive(backend: Pick<ContainerArchives, "putArchive">, request: ApiRequest): Promise<Reply> {
  const { params, query, body, signal } = request;
  const keepKinds = booleanOf(query, "noOverwriteDirNonDir");
  const asUser = booleanOf(query, "copyUIDGID");
  await backend.putArchive(params["id"] ?? "", { path: pathOf(request), archive: body, keepKinds, asUser }, signal);
  return { kind: "empty", status: 200 };
}

function pathOf({ query }: ApiRequest): string {
  const path = query.get("path") ?? "";
  // Docker's words, blank missing and all.
  if (path === "") throw new EngineError("invalid", "bad parameter: pathcannot be empty");
  if (path.includes("\0")) throw new EngineError("invalid", "bad parameter: path holds a NUL");
  return path;
}

function statHeader({ name, size, mode, mtime, linkTarget }: PathStat): Record<string, string> {
  const text = JSON.stringify({ name, size, mode, mtime, linkTarget });
  return { "X-Docker-Container-Path-Stat": Buffer.from(text).toString("base64") };
}
