import { EngineError } from "#errors/engine-error.ts";
import { type ApiRequest, json, noContent, type Reply, type Route } from "#http/route.ts";
import { parseRegistryAuth } from "#spec/registry-auth.ts";
import type { VolumeSnapshot } from "#spec/volume-snapshot.ts";
import type { SnapshotPlace } from "#volume/backup/backups.ts";
import type { Snapshot } from "#volume/backup/snapshots/contract.ts";
import { volumeView } from "../../views/volume.ts";
import type { VolumeBackupBackend } from "./backup-backend.ts";

/** What Docker does not have, below a volume's own path (docs/reference/volumes.md). */
export function volumeBackupRoutes(backend: VolumeBackupBackend): Route[] {
  const of = ({ params }: ApiRequest): string => params["name"] ?? "";
  return [
    { method: "GET", path: "/volumes/:name/archive", handler: (request) => exportVolume(backend, request) },
    {
      method: "PUT",
      path: "/volumes/:name/archive",
      handler: async (request) => json(volumeView(await backend.import(of(request), request.body, request.signal))),
    },
    {
      method: "POST",
      path: "/volumes/:name/clone",
      handler: async (request) => json(volumeView(await backend.clone(of(request), wanted(request, "to"))), 201),
    },
    {
      method: "POST",
      path: "/volumes/:name/snapshots",
      handler: async (request) => json(snapshotView(await backend.snapshot(of(request), placeOf(request), request.signal)), 201),
    },
    {
      method: "GET",
      path: "/volumes/:name/snapshots",
      handler: async (request) => json((await backend.snapshots(of(request), placeOf(request), request.signal)).map(snapshotView)),
    },
    { method: "POST", path: "/volumes/:name/snapshots/:id/restore", handler: (request) => restore(backend, request) },
    {
      method: "DELETE",
      path: "/volumes/:name/snapshots/:id",
      handler: async (request) => {
        await backend.removeSnapshot(of(request), request.params["id"] ?? "", placeOf(request), request.signal);
        return noContent();
      },
    },
  ];
}

async function exportVolume(backend: VolumeBackupBackend, { params, query, signal }: ApiRequest): Promise<Reply> {
  const compression = query.get("compression") ?? "zstd";
  if (compression !== "zstd" && compression !== "none") throw new EngineError("invalid", 'compression: use "zstd" or "none"');
  const body = await backend.export(params["name"] ?? "", { compression, signal });
  return { kind: "stream", status: 200, contentType: compression === "zstd" ? "application/zstd" : "application/x-tar", body };
}

async function restore(backend: VolumeBackupBackend, request: ApiRequest): Promise<Reply> {
  const { name: volume = "", id = "" } = request.params;
  return json(volumeView(await backend.restore({ volume, id, to: wanted(request, "to") }, placeOf(request), request.signal)), 201);
}

/** Snapshots of a registry's repository are asked for by its name, with the credentials that a push has. */
function placeOf({ query, headers }: ApiRequest): SnapshotPlace {
  const name = query.get("repository") ?? "";
  return name === "" ? undefined : { name, auth: parseRegistryAuth(headers["x-registry-auth"]) };
}

function wanted({ query }: ApiRequest, key: string): string {
  const value = query.get(key) ?? "";
  if (value === "") throw new EngineError("invalid", `the parameter "${key}" is missing`);
  return value;
}

function snapshotView({ id, volume, created, size, added }: Snapshot): VolumeSnapshot {
  return { Id: id, Volume: volume, CreatedAt: created, Size: size, AddedSize: added };
}
