import { json, type ApiRequest, type Reply } from "#http/route.ts";
import type { ContainerArchives } from "./backend.ts";

const KINDS = { modified: 0, added: 1, deleted: 2 } as const;

/** `null` when nothing was changed, as Docker has it. */
export async function containerChanges(backend: Pick<ContainerArchives, "changes">, { params, signal }: ApiRequest): Promise<Reply> {
  const changes = await backend.changes(params["id"] ?? "", signal);
  return json(changes.length === 0 ? null : changes.map(({ path, kind }) => ({ Path: path, Kind: KINDS[kind] })));
}
