import { EngineError } from "#errors/engine-error.ts";
import { parseMemory } from "#lib/units.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";

/**
 * Bytes that a container may write to its root (`--storage-opt size=`); undefined without a limit. Pure.
 *
 * @throws EngineError `invalid` for an option that there is not, and for what is no size.
 */
export function writableLimit({ StorageOpt }: Pick<HostConfig, "StorageOpt">): number | undefined {
  let limit: number | undefined;
  for (const [option, value] of Object.entries(StorageOpt ?? {})) {
    if (option.toLowerCase() !== "size") throw new EngineError("invalid", `Unknown option ${option.slice(0, 80)}`);
    limit = parseMemory(value);
    if (limit === undefined) throw new EngineError("invalid", `invalid size: '${value.slice(0, 80)}'`);
  }
  return limit === 0 ? undefined : limit;
}
