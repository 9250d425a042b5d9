import { EngineError } from "#errors/engine-error.ts";
import type { Caller } from "../caller.ts";
import { encodeName } from "../query.ts";

/** What stands at a path in a container. */
export interface PathStat {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** As Go's FileMode: the permissions in the lowest nine bits, the kind in the highest. */
  readonly mode: number;
  /** RFC 3339 */
  readonly mtime: string;
  /** Where a link leads to, as a path in the container; empty for all else. */
  readonly linkTarget: string;
}

export interface WriteOptions {
  /** Refuse to put a folder where something else is, and the other way round. */
  readonly noOverwriteDirNonDir?: boolean;
  /** Owners as in the archive, by number; else the container's own root. */
  readonly copyUIDGID?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export async function statPath(caller: Caller, id: string, path: string): Promise<PathStat> {
  const { headers, body } = await caller.stream(`HEAD /containers/${encodeName(id)}/archive`, { query: { path } });
  body.resume();
  const encoded = headers["x-docker-container-path-stat"];
  if (typeof encoded !== "string") throw new EngineError("system", "the daemon says nothing of the path");
  return JSON.parse(Buffer.from(encoded, "base64").toString()) as PathStat;
}

export async function readFiles(
  caller: Caller,
  id: string,
  { path, signal }: { readonly path: string; readonly signal?: AbortSignal | undefined },
): Promise<AsyncIterable<Uint8Array>> {
  return (await caller.stream(`GET /containers/${encodeName(id)}/archive`, { query: { path }, signal })).body;
}

export function writeFiles(
  caller: Caller,
  id: string,
  { folder, archive, signal, ...flags }: WriteOptions & { readonly folder: string; readonly archive: AsyncIterable<Uint8Array> },
): Promise<void> {
  const headers = { "Content-Type": "application/x-tar" };
  return caller.send(`PUT /containers/${encodeName(id)}/archive`, { query: { path: folder, ...flags }, body: archive, headers, signal });
}
