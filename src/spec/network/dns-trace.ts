/** How a container's question for a name was answered: `GET /containers/{id}/dns`, an endpoint of Dhow's own. */
export interface DnsTrace {
  readonly Container: string;
  readonly Name: string;
  /** `A`, `AAAA`, `PTR` … */
  readonly Type: string;
  /** False for a container that asks the servers of its resolv.conf itself. */
  readonly Embedded: boolean;
  /** What a program's resolver tries, in order, until there is an answer. */
  readonly Steps: readonly DnsStep[];
}

export interface DnsStep {
  /** The name as it was tried: with a search domain, or as it is. */
  readonly Name: string;
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL` … */
  readonly Code: string;
  /** Who answered: `hosts file`, `network`, `link`, `extra-host`, `localhost`, `reverse`, `cache`, `server`, … */
  readonly Source: string;
  /** Of `network` and `link`. */
  readonly Network: string;
  /** Why, in words. */
  readonly Reason: string;
  readonly DurationMs: number;
  /** `A 10.0.0.2 (5 s)`. */
  readonly Records: readonly string[];
  /** What the host's servers did, as far as they were asked. */
  readonly Attempts: readonly DnsAttempt[];
}

interface DnsAttempt {
  readonly Server: string;
  /** `host`, or `container` for a server on the container's own loopback. */
  readonly From: "host" | "container";
  /** `udp`, `tcp`; empty without an answer. */
  readonly Transport: string;
  readonly Code: string;
  readonly Error: string;
  readonly DurationMs: number;
}

/** Record types that can be traced by name. */
export const dnsTypes: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  HTTPS: 65,
};
