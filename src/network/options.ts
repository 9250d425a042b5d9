import type { EventSink } from "#events/contract.ts";
import type { Logger } from "#lib/logger.ts";
import type { Instance } from "#spec/instance.ts";
import type { Database } from "#store/db/database.ts";
import type { HostNetwork } from "#sys/netns/host-network.ts";
import type { HostFilePaths } from "./name-files/host-files.ts";
import type { DefaultOptions } from "./wishes/create-body.ts";
import type { AddressPoolOption } from "./addresses/subnet-choice.ts";

export interface NetworkDeps {
  readonly database: Database;
  /** A `NetworkWorker`; whoever made it ends it, after `close`. */
  readonly host: HostNetwork;
  readonly events: EventSink;
  readonly logger: Logger;
}

export interface NetworkOptions {
  readonly instance: Instance;
  /** daemon.json `bip`: the default bridge's address and subnet, `172.30.0.1/16`. */
  readonly bip?: string | undefined;
  /** daemon.json `default-address-pools`. */
  readonly defaultAddressPools?: readonly AddressPoolOption[] | undefined;
  /**
   * daemon.json `ipv6`: true for IPv6 on the default bridge as well as on the networks of users that do not say, false on neither; without,
   * on these alone, where the host has IPv6.
   */
  readonly ipv6?: boolean | undefined;
  /** daemon.json `bip6`: the default bridge's own IPv6 address and subnet; and `fixed-cidr-v6`, its subnet alone. */
  readonly bip6?: string | undefined;
  readonly fixedCidr6?: string | undefined;
  /** daemon.json `default-network-opts`: by driver, options of networks that do not say. */
  readonly networkOptions?: DefaultOptions | undefined;
  /** daemon.json `mtu`; without, what the host's way out has, 1500 at most. */
  readonly mtu?: number | undefined;
  /** daemon.json `ip`: where ports are published that name no address; `0.0.0.0` without. */
  readonly publishIp?: string | undefined;
  /** daemon.json `ip-forward`; true without. */
  readonly ipForward?: boolean | undefined;
  /** daemon.json `dns`, `dns-search`, `dns-opts`. */
  readonly dns?: readonly string[] | undefined;
  readonly dnsSearch?: readonly string[] | undefined;
  readonly dnsOptions?: readonly string[] | undefined;
  /** daemon.json `host-firewall`: the host's own input rules decide about published ports; false without. */
  readonly hostFirewall?: boolean | undefined;
  /** daemon.json `default-network-names`; true without. */
  readonly namesOnDefaultNetwork?: boolean | undefined;
  /** daemon.json `host-gateway-ip`. */
  readonly hostGatewayIp?: string | undefined;
  /** How often to look whether somebody took away our rules or interfaces; 3000 without, 0 for never. */
  readonly verifyEveryMs?: number | undefined;
  /** For tests. */
  readonly hostFiles?: HostFilePaths | undefined;
}
