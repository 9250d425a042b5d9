import { readdirSync } from "node:fs";
import type { RuntimeFeatures } from "#runtime/contract.ts";
import { serverVersion } from "#spec/identity.ts";
import type { HostDescription } from "#sys/host/host-description.ts";
import type { HostReading } from "#sys/host/host-facts.ts";

/** What `info` asks of the nouns; every answer is a few numbers and costs nothing. */
export interface InfoSources {
  containers(): { readonly running: number; readonly paused: number; readonly stopped: number };
  images(): number;
  /** Docker's name of the driver, and what it says of itself in rows. */
  storage(): { readonly driver: string; readonly status: readonly (readonly [string, string])[] };
  /** Names of those that volumes can be made with. */
  volumeDrivers(): Promise<readonly string[]>;
  /** Qualified names of the CDI devices that the host has now. */
  cdiDevices(): Promise<readonly string[]>;
  eventListeners(): number;
  /** What a reload may change. */
  settings(): InfoSettings;
}

export interface InfoSettings {
  readonly labels: readonly string[];
  readonly debug: boolean;
  readonly dataRoot: string;
  readonly liveRestore: boolean;
  readonly logDriver: string;
  readonly logDrivers: readonly string[];
  readonly networkDrivers: readonly string[];
  readonly seccompProfile: string;
  /** Users of containers are others than those of the host. */
  readonly remapsUsers: boolean;
  readonly cgroupDriver: "cgroupfs" | "systemd";
  readonly addressPools: readonly { readonly base: string; readonly size: number }[];
  readonly insecureRegistries: readonly string[];
  readonly mirrors: readonly string[];
  readonly cdiFolders: readonly string[];
  readonly proxies: { readonly http: string | undefined; readonly https: string | undefined; readonly none: string | undefined };
}

/** Found once, at the daemon's start. */
export interface InfoFacts {
  /** Stays the same for as long as the data root does. */
  readonly engineId: string;
  readonly host: HostReading;
  readonly description: HostDescription;
  readonly runtimes: RuntimeFeatures["runtimes"];
  /** Path of the program that `--init` puts into containers. */
  readonly initPath: string | undefined;
  /** That containers get which ask for none; undefined: none is loaded. */
  readonly apparmorProfile: string | undefined;
}

/** What `GET /info` tells. */
export interface EngineInfo extends InfoFacts {
  readonly version: string;
  readonly containers: ReturnType<InfoSources["containers"]>;
  readonly images: number;
  readonly storage: ReturnType<InfoSources["storage"]>;
  readonly volumeDrivers: readonly string[];
  readonly cdiDevices: readonly string[];
  readonly settings: InfoSettings;
  readonly eventListeners: number;
  readonly openFiles: number;
  /** What the event loop waits for: the nearest thing to Docker's count of goroutines. */
  readonly activeResources: number;
  readonly time: Date;
}

export class InfoReader {
  readonly #sources: InfoSources;
  readonly #facts: InfoFacts;

  constructor(sources: InfoSources, facts: InfoFacts) {
    this.#sources = sources;
    this.#facts = facts;
  }

  async read(): Promise<EngineInfo> {
    return {
      ...this.#facts,
      version: serverVersion,
      containers: this.#sources.containers(),
      images: this.#sources.images(),
      storage: this.#sources.storage(),
      volumeDrivers: await this.#sources.volumeDrivers(),
      cdiDevices: await this.#sources.cdiDevices(),
      settings: this.#sources.settings(),
      eventListeners: this.#sources.eventListeners(),
      openFiles: readdirSync("/proc/self/fd").length,
      activeResources: process.getActiveResourcesInfo().length,
      time: new Date(),
    };
  }
}
