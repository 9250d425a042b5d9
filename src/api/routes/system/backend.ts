import type { DiskUsage, UsageKind } from "#engine/disk-usage.ts";
import type { EngineInfo } from "#engine/info.ts";
import type { EngineVersion } from "#engine/version.ts";
import type { DoctorReport } from "#image/doctor/finding.ts";
import type { EventJournal } from "#events/contract.ts";

/** What the system's routes need of the engine. */
export interface SystemBackend {
  version(): EngineVersion;
  info(): Promise<EngineInfo>;
  /** As slow as `du`. */
  diskUsage(kinds: ReadonlySet<UsageKind>): Promise<DiskUsage>;
  /** Looks for faults of the store, and mends them when asked to. */
  examine(options: { readonly repair: boolean }, signal: AbortSignal): Promise<DoctorReport>;
  readonly events: Pick<EventJournal, "subscribe">;
}
