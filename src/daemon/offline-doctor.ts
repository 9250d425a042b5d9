import { existsSync } from "node:fs";
import { join } from "node:path";
import { doctorView } from "#api/views/doctor.ts";
import { CacheStore } from "#build/cache/cache-store.ts";
import { storeReportText, unrepaired } from "#cli/format/store-report.ts";
import type { DaemonConfig } from "#config/daemon-config.ts";
import { EngineError } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import { currentBootId } from "#store/snapshots/boot-id.ts";
import { LiveConfig } from "./live-config.ts";
import { lockRoot } from "./roots/root-lock.ts";
import { wireImages } from "./wire/images.ts";
import { openState } from "./wire/state.ts";
import { wireStores } from "./wire/stores.ts";

export interface OfflineReport {
  /** For a person to read. */
  readonly text: string;
  /** Nothing is the matter any more. */
  readonly whole: boolean;
}

/**
 * Examines the store of a daemon that does not run, and mends it when asked to. Containers that run on without their daemon are left alone.
 *
 * @throws EngineError `conflict` while a daemon runs, `not-found` where there is no store.
 */
export async function examineOffline(config: DaemonConfig, how: string, logger: Logger): Promise<OfflineReport> {
  if (how !== "check" && how !== "repair")
    throw new EngineError("invalid", `invalid --doctor ${JSON.stringify(how)}: want check or repair`);
  const { dataRoot } = config.instance;
  if (!existsSync(join(dataRoot, "dhow.db"))) throw new EngineError("not-found", `there is no store at ${dataRoot}`);
  await using scope = new AsyncDisposableStack();
  scope.defer(lockRoot(dataRoot, "data root"));
  const database = await openState(dataRoot, logger);
  scope.defer(() => database.close());
  const live = new LiveConfig(config);
  const stores = wireStores({ config: live, logger, bootId: currentBootId() }, undefined);
  scope.defer(() => stores.close());
  await stores.content.sweep();
  const parts = { config: live, database, logger, events: { emit: () => undefined } };
  const { images, close } = wireImages(parts, stores, { usersOf: () => [] }, new CacheStore({ database }));
  scope.defer(close);
  const repair = how === "repair";
  const report = doctorView(await images.examine({ repair }, new AbortController().signal));
  return { text: storeReportText(report, repair ? undefined : "dhowd --doctor repair"), whole: unrepaired(report) === 0 };
}
