import { isLoopbackHost, matchesRegistryEntry } from "../transport/address.ts";

export interface RegistryOptions {
  /** Tried in order before the registry: `https://mirror.example` for docker.io, `ghcr.io=https://mirror.example` for another. */
  readonly mirrors: readonly string[];
  /** `host`, `host:port` or a network: plain http and unverified certificates are accepted there. */
  readonly insecureRegistries: readonly string[];
}

/** A server that may have a repository. */
export interface Endpoint {
  /** `host` or `host:port`, as users write it and as certs.d names it. */
  readonly host: string;
  /** Without a slash at the end; schemes in the order in which they are to be tried. */
  readonly bases: readonly URL[];
  /** Plain http and any certificate are accepted. */
  readonly insecure: boolean;
  /** On this machine. */
  readonly local: boolean;
  readonly mirror: boolean;
}

const HUB = "docker.io";
const HUB_REGISTRY = "registry-1.docker.io";

/** Where to pull a domain's repositories from, best first. */
export function endpointsOf(domain: string, options: RegistryOptions): Endpoint[] {
  const registry = serverEndpoint(domain === HUB ? HUB_REGISTRY : domain, options);
  return [...mirrorsOf(domain, options.mirrors).map((mirror) => mirrorEndpoint(mirror, options)), registry];
}

function mirrorsOf(domain: string, mirrors: readonly string[]): string[] {
  return mirrors.map(splitMirror).flatMap(({ registry, address }) => (registry === domain.toLowerCase() ? [address] : []));
}

/** `host=address`; an address alone is for docker.io. */
function splitMirror(mirror: string): { registry: string; address: string } {
  const match = /^([^=/]+)=(.*)$/.exec(mirror);
  return { registry: match?.[1]?.toLowerCase() ?? HUB, address: match?.[2] ?? mirror };
}

function serverEndpoint(host: string, options: RegistryOptions): Endpoint {
  const { hostname } = new URL(`https://${host}`);
  const local = isLoopbackHost(hostname);
  const insecure = local || options.insecureRegistries.some((entry) => matchesRegistryEntry(host, hostname, entry));
  // On this machine http comes first: no one listens in, and a server that waits for a line never answers a TLS hello.
  const schemes = local ? ["http", "https"] : insecure ? ["https", "http"] : ["https"];
  return { host, bases: schemes.map((scheme) => new URL(`${scheme}://${host}`)), insecure, local, mirror: false };
}

/** A mirror is used with the scheme it is given with, and no other. */
function mirrorEndpoint(address: string, options: RegistryOptions): Endpoint {
  const base = new URL(address);
  const local = isLoopbackHost(base.hostname);
  const insecure = local || options.insecureRegistries.some((entry) => matchesRegistryEntry(base.host, base.hostname, entry));
  return { host: base.host, bases: [base], insecure, local, mirror: true };
}
