import type { EventSink } from "#events/contract.ts";
import type { KeyedMutex } from "#lib/keyed-mutex.ts";
import type { Logger } from "#lib/logger.ts";
import type { Instance } from "#spec/instance.ts";
import type { HostNetwork } from "#sys/netns/host-network.ts";
import type { BridgeDefaults } from "./record/bridge-settings.ts";
import type { NameOptions } from "./sandbox/container-names.ts";
import type { Departures } from "./sandbox/departures.ts";
import type { Drain } from "./sandbox/drain.ts";
import type { DefaultOptions } from "./wishes/create-body.ts";
import type { Names } from "./dns/names.ts";
import type { Drivers } from "./drivers/contract.ts";
import type { Firewall } from "./firewall/firewall.ts";
import type { HostFilePaths } from "./name-files/host-files.ts";
import type { PortAllocator } from "./published/port-allocator.ts";
import type { NetworkRegistry } from "./record/registry.ts";
import type { SandboxTable } from "./sandbox/sandbox-table.ts";
import type { AddressPoolOption } from "./addresses/subnet-choice.ts";

/** What the verbs share; each takes the part it names. */
export interface NetworkContext {
  readonly host: HostNetwork;
  readonly events: EventSink;
  readonly logger: Logger;
  readonly registry: NetworkRegistry;
  readonly sandboxes: SandboxTable;
  readonly names: Names;
  readonly drivers: Drivers;
  readonly firewall: Firewall;
  readonly ports: PortAllocator;
  readonly departures: Departures;
  readonly drain: Drain;
  /** One verb at a time changes a container's sandbox. */
  readonly locks: KeyedMutex;
  readonly options: NetworkSettings;
}

interface NetworkSettings {
  readonly instance: Instance;
  readonly bridge: BridgeDefaults;
  readonly names: NameOptions;
  readonly hostFiles: HostFilePaths;
  /** The default bridge's own address and subnet, `172.30.0.1/16`; chosen without. */
  readonly bip: string | undefined;
  /** Undefined: Dhow's own. */
  readonly addressPools: readonly AddressPoolOption[] | undefined;
  /** Where IPv6 subnets come from when `addressPools` has none of theirs. */
  readonly uniqueLocal: () => AddressPoolOption;
  /** IPv6 on the default bridge: undefined for none. */
  readonly bridgeIpv6: { readonly subnet: string | undefined; readonly gateway: string | undefined } | undefined;
  /** IPv6 on bridge networks that say nothing of it. */
  readonly dualStack: boolean;
  /** By driver. */
  readonly networkOptions: DefaultOptions;
  readonly ipForward: boolean;
}
