import { EngineError } from "#errors/engine-error.ts";
import type { UsageKind } from "#engine/disk-usage.ts";
import { json, type ApiRequest, type Reply } from "#http/route.ts";
import { compareApiVersions, type ApiVersion } from "#spec/api-version.ts";
import { diskUsageView, type UsageForm } from "../../views/disk-usage.ts";
import type { SystemBackend } from "./backend.ts";

/** Clients before it get everything, whatever they ask for. */
const KINDS_SINCE: ApiVersion = [1, 42];
/** Since then a client can ask for sums, with `verbose`; one that does not gets both shapes (moby, api/types/system). */
const SUMS_SINCE: ApiVersion = [1, 52];

const KINDS: readonly UsageKind[] = ["container", "image", "volume", "build-cache"];

export async function readDiskUsage(backend: Pick<SystemBackend, "diskUsage">, request: ApiRequest): Promise<Reply> {
  const kinds = kindsOf(request);
  const form = formOf(request);
  return json(diskUsageView(await backend.diskUsage(kinds), kinds, form, request.apiVersion));
}

/** @throws EngineError `invalid` with Docker's text. */
function kindsOf({ query, apiVersion }: ApiRequest): ReadonlySet<UsageKind> {
  const asked = query.getAll("type");
  if (asked.length === 0 || compareApiVersions(apiVersion, KINDS_SINCE) < 0) return new Set(KINDS);
  const unknown = asked.find((kind) => !KINDS.includes(kind as UsageKind));
  if (unknown !== undefined) throw new EngineError("invalid", `unknown object type: ${unknown}`);
  return new Set(asked as UsageKind[]);
}

/** @throws EngineError `invalid` with Docker's text. */
function formOf({ query, apiVersion }: ApiRequest): UsageForm {
  if (compareApiVersions(apiVersion, SUMS_SINCE) < 0) return "lists";
  const verbose = query.get("verbose") ?? "";
  if (verbose === "") return "both";
  if (["1", "t", "T", "true", "TRUE", "True"].includes(verbose)) return "sums-and-items";
  if (["0", "f", "F", "false", "FALSE", "False"].includes(verbose)) return "sums";
  throw new EngineError("invalid", `invalid value for verbose: ${verbose}`);
}
