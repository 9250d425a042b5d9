import type { NetworkRate, RateLimit } from "#spec/network/rate.ts";
import type { TokenBucket } from "#sys/netlink/traffic.ts";
import type { InterfaceLimits } from "#sys/netns/host-network.ts";
import type { NetworkContext } from "../context.ts";
import type { EndpointLink, Sandbox } from "./sandbox.ts";

type RateDeps = Pick<NetworkContext, "host">;

/** What is sent faster waits this long, seconds, before it is dropped: senders notice by the time that it takes. */
const LONGEST_WAIT = 0.05;
/** A few packets may always wait. */
const LEAST_QUEUE = 64 * 1024;
const MOST_QUEUE = 64 * 1024 * 1024;

/**
 * Changes the limits of a container that runs, on every network it is on; undefined takes them away.
 *
 * @throws SystemCallError; the limits are as they were then.
 */
export async function limit(context: NetworkContext, containerId: string, rate: NetworkRate | undefined): Promise<void> {
  await context.locks.run(containerId, async () => {
    const sandbox = context.sandboxes.get(containerId);
    if (sandbox === undefined) return;
    const changed = { ...sandbox, rate: rate ?? {} };
    // Written down before it is done: a daemon that is killed in between finds it, and does it again.
    context.sandboxes.save(changed);
    try {
      await reviveRate(context, changed);
    } catch (error) {
      context.sandboxes.save(sandbox);
      await reviveRate(context, { ...sandbox, rate: sandbox.rate ?? {} }).catch(() => {});
      throw error;
    }
  });
}

/** For an interface that was just made. */
export async function limitLink({ host }: RateDeps, link: EndpointLink, rate: NetworkRate): Promise<void> {
  // A request for one was refused: see `validate.ts`.
  if (!hasHostEnd(link)) return;
  await host.limitInterface(limitsOf(link, rate));
}

/** At daemon start: the kernel has them still, unless a daemon was killed while it changed them. */
export async function reviveRate(context: RateDeps, sandbox: Sandbox): Promise<void> {
  const { rate } = sandbox;
  if (rate !== undefined) await Promise.all(linksOf(sandbox).map((link) => limitLink(context, link, rate)));
}

/** Takes away what outlives a container's interfaces. */
export async function removeRate({ host }: RateDeps, { rate }: Pick<Sandbox, "rate">, links: readonly EndpointLink[]): Promise<void> {
  if (rate?.out !== undefined) await Promise.all(links.filter(hasHostEnd).map((link) => host.removeLink(outName(link))));
}

export function linksOf({ endpoints }: Pick<Sandbox, "endpoints">): EndpointLink[] {
  return endpoints.flatMap(({ link }) => link ?? []);
}

type HostEnd = EndpointLink & { readonly hostName: string };

function hasHostEnd(link: EndpointLink): link is HostEnd {
  return link.hostName !== undefined;
}

function limitsOf(link: HostEnd, rate: NetworkRate): InterfaceLimits {
  return { hostName: link.hostName, outName: outName(link), in: bucketOf(rate.in), out: bucketOf(rate.out) };
}

function bucketOf(given: RateLimit | undefined): TokenBucket | undefined {
  if (given === undefined) return undefined;
  const waiting = Math.max(LEAST_QUEUE, Math.ceil(given.rate * LONGEST_WAIT));
  return { ...given, queue: Math.min(MOST_QUEUE, given.burst + waiting) };
}

/** `d1a2b1234abcd` sends through `d1a2bi1234abcd`. */
export function outName({ hostName }: { readonly hostName: string }): string {
  const at = hostName.length - RANDOM_PART;
  return `${hostName.slice(0, at)}i${hostName.slice(at)}`;
}

const RANDOM_PART = 8;
