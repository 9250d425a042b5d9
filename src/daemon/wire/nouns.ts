import type { InfoSources } from "#engine/info.ts";
import type { EventSink } from "#events/contract.ts";
import type { Route } from "#http/route.ts";
import type { Logger } from "#lib/logger.ts";
import type { RuntimeFeatures } from "#runtime/contract.ts";
import type { Database } from "#store/db/database.ts";
import type { HostDescription } from "#sys/host-description.ts";
import type { HostReading } from "#sys/host-facts.ts";
import type { LiveConfig } from "../live-config.ts";

/** What the nouns are built on. */
export interface NounParts {
  /** Ask `config.current` each time for what a reload may change. */
  readonly config: LiveConfig;
  readonly logger: Logger;
  readonly database: Database;
  readonly events: EventSink;
  readonly host: HostReading;
  readonly description: HostDescription;
}

/** What the rest of the daemon sees of the nouns: containers, images, networks, volumes over the stores and the runtime. */
export interface Nouns {
  readonly routes: readonly Route[];
  readonly info: Pick<InfoSources, "containers" | "images" | "storage">;
  readonly runtime: Pick<RuntimeFeatures, "runtimes"> & { readonly monitor: RuntimeFeatures["monitor"] | undefined };
  /** See `Engine.stopContainers`. */
  stopContainers(timeoutMs: number): Promise<void>;
  /** Ends what runs behind the answers, and takes away what no running container needs. */
  close(): Promise<void>;
}

/** The nouns' wiring comes here, a few lines each; until then the engine has none of them. */
export async function wireNouns(_parts: NounParts): Promise<Nouns> {
  return {
    routes: [],
    info: {
      containers: () => ({ running: 0, paused: 0, stopped: 0 }),
      images: () => 0,
      storage: () => ({ driver: "overlay2", status: [] }),
    },
    runtime: { runtimes: [], monitor: undefined },
    stopContainers: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
