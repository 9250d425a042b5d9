import type { NetworkContext } from "../context.ts";

/** As for IPv4 at the daemon's start, but when the first network with IPv6 comes up: a host without any is left as it is. */
export async function allowIpv6Forwarding({ host, logger, options }: Pick<NetworkContext, "host" | "logger" | "options">): Promise<void> {
  const sysctl = "net.ipv6.conf.all.forwarding";
  if (!options.ipForward) {
    logger.warn({ sysctl }, "IPv6 forwarding may be off and is not ours to turn on: containers may not reach other hosts over IPv6");
  } else if (await host.forwardIpv6()) {
    logger.info({ sysctl }, "IPv6 forwarding was off; turned on, and left on when the daemon stops");
  }
}
