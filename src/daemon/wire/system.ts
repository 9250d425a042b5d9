import type { SystemBackend } from "#api/routes/system/backend.ts";
import type { DaemonConfig } from "#config/daemon-config.ts";
import { DiskUsageReader } from "#engine/disk-usage.ts";
import { InfoReader, type InfoSettings } from "#engine/info.ts";
import { describeVersion } from "#engine/version.ts";
import type { Journal } from "#events/journal.ts";
import { logDriverNames } from "#logs/config/drivers.ts";
import type { HostDescription } from "#sys/host/host-description.ts";
import type { HostReading } from "#sys/host/host-facts.ts";
import type { LiveConfig } from "../live-config.ts";
import type { Nouns } from "./nouns.ts";

export interface SystemParts {
  readonly config: LiveConfig;
  readonly events: Journal;
  readonly engineId: string;
  readonly host: HostReading;
  readonly description: HostDescription;
  readonly nouns: Nouns;
  readonly initPath: string | undefined;
  readonly apparmorProfile: string | undefined;
}

/** What ping, version, info and events answer with. */
export function wireSystem({ config, events, engineId, host, description, nouns, initPath, apparmorProfile }: SystemParts): SystemBackend {
  const { runtimes, monitor } = nouns.runtime;
  const programs = monitor === undefined ? runtimes : [...runtimes, { name: "conmon", version: monitor.version }];
  const version = describeVersion({
    architecture: host.architecture,
    kernelVersion: description.kernelVersion,
    minApiVersion: config.current.api.minVersion,
    programs,
  });
  const sources = {
    ...nouns.info,
    eventListeners: () => events.listeners,
    settings: () => infoSettings(config.current),
    cdiDevices: async () => await cdiDevicesIn(config.current.containers.cdiFolders),
  };
  const info = new InfoReader(sources, { engineId, host, description, runtimes, initPath, apparmorProfile });
  const usage = new DiskUsageReader(nouns.usage);
  return { version: () => version, info: () => info.read(), diskUsage: (kinds) => usage.read(kinds), examine: nouns.examine, events };
}

async function cdiDevicesIn(folders: readonly string[]): Promise<string[]> {
  const { readCdiCatalogue } = await import("#runtime/oci/cdi/catalogue.ts");
  const { devices } = await readCdiCatalogue(folders);
  return [...devices.keys()].toSorted();
}

function infoSettings({ instance, userRemap, labels, log, shutdown, containers, network, images }: DaemonConfig): InfoSettings {
  return {
    labels,
    debug: log.level === "debug",
    dataRoot: instance.dataRoot,
    liveRestore: shutdown.liveRestore,
    logDriver: containers.logDriver,
    logDrivers: logDriverNames,
    networkDrivers: ["bridge", "host", "ipvlan", "macvlan", "null"],
    seccompProfile: containers.seccompProfile,
    remapsUsers: userRemap !== undefined,
    cgroupDriver: "cgroupfs",
    addressPools: network.addressPools,
    insecureRegistries: images.insecureRegistries,
    mirrors: images.mirrors,
    cdiFolders: containers.cdiFolders,
    proxies: images.proxies,
  };
}
