import { EngineError } from "#errors/engine-error.ts";
import type { ClientIdentity, ClientTarget } from "#http/client.ts";

/** As docker's command line has them; with certificates the second. */
const PORTS = { tcp: 2375, tls: 2376 };

/**
 * Parses where a daemon is: `unix:///run/dhow/dhow.sock`, `tcp://host:2375`, `tcp://[::1]`. With an identity TCP means TLS.
 *
 * @throws EngineError `invalid`; `not-implemented` for `ssh://` and what only Windows has.
 */
export function parseHost(host: string, identity?: ClientIdentity): ClientTarget {
  const [, scheme = "", rest = ""] = /^([a-z]+):\/\/(.*)$/.exec(host) ?? [];
  switch (scheme) {
    case "unix":
      if (!rest.startsWith("/")) throw invalid(host, "want an absolute path");
      return { kind: "unix", path: rest };
    case "tcp":
    case "http":
    case "https":
      return parseTcp(host, rest, scheme === "https" ? (identity ?? {}) : identity);
    case "ssh":
    case "npipe":
    case "fd":
      throw new EngineError("not-implemented", `host ${JSON.stringify(host)}: ${scheme}:// is not implemented yet`);
    default:
      throw invalid(host, "want unix:// or tcp://");
  }
}

function parseTcp(host: string, rest: string, identity: ClientIdentity | undefined): ClientTarget {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:/?#@[\]]+))(?::(\d{1,5}))?\/?$/i.exec(rest);
  const name = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? PORTS[identity === undefined ? "tcp" : "tls"] : Number(match[3]);
  if (name === undefined || port === 0 || port > 65_535) throw invalid(host, "want tcp://host:port");
  return identity === undefined ? { kind: "tcp", host: name, port } : { kind: "tls", host: name, port, identity };
}

function invalid(host: string, reason: string): EngineError {
  return new EngineError("invalid", `unable to parse docker host ${JSON.stringify(host)}: ${reason}`);
}
