import { join, resolve } from "node:path";
import {
  compareApiVersions,
  formatApiVersion,
  newestApiVersion,
  oldestApiVersion,
  parseApiVersion,
  type ApiVersion,
} from "#spec/api-version.ts";
import { ConfigError } from "../config-error.ts";
import type { ApiConfig, TlsConfig } from "../daemon-config.ts";
import type { DaemonEnvironment } from "../env.ts";
import { formatHost, isLoopback, parseHost, type HostAddress } from "../values/host-address.ts";
import type { Settings } from "../options.ts";

export function buildApi(settings: Settings, environment: DaemonEnvironment, execRoot: string): ApiConfig {
  const tls = buildTls(settings, environment);
  const defaultPath = join(execRoot, "dhow.sock");
  const hosts = (settings.host ?? [""]).map((host) => parseHost(host, { tls: tls !== undefined, defaultPath }));
  for (const host of hosts) refuseOpenPort(host, tls);
  return {
    hosts,
    group: { name: settings.group ?? "docker", explicit: settings.group !== undefined },
    tls,
    minVersion: buildMinVersion(settings, environment),
  };
}

function buildTls(settings: Settings, environment: DaemonEnvironment): TlsConfig | undefined {
  const verify = settings.tlsverify ?? environment.tlsVerify;
  if (!verify && settings.tls !== true) return undefined;
  const file = (given: string | undefined, name: string): string => resolve(given ?? join(environment.certPath, name));
  return {
    clientCa: verify ? file(settings.tlscacert, "ca.pem") : undefined,
    cert: file(settings.tlscert, "cert.pem"),
    key: file(settings.tlskey, "key.pem"),
  };
}

/** Whoever may speak to the API is root on this host: a port that others can reach has to ask them for a certificate. */
function refuseOpenPort(host: HostAddress, tls: TlsConfig | undefined): void {
  if (host.kind !== "tcp" || isLoopback(host.host) || tls?.clientCa !== undefined) return;
  throw new ConfigError(
    `refusing to listen on ${formatHost(host)} without client certificates: everybody who can reach it would be root on this host. ` +
      "Give --tlsverify with --tlscacert, --tlscert and --tlskey, or listen on 127.0.0.1.",
  );
}

function buildMinVersion(settings: Settings, environment: DaemonEnvironment): ApiVersion {
  const given = settings["min-api-version"];
  if (given !== undefined) return checkedVersion(given, "min-api-version");
  if (environment.minApiVersion !== undefined) return checkedVersion(environment.minApiVersion, "DOCKER_MIN_API_VERSION");
  return oldestApiVersion;
}

function checkedVersion(text: string, source: string): ApiVersion {
  const wrong = (why: string): ConfigError => new ConfigError(`invalid ${source}: ${why}`);
  if (text === "") throw wrong("value is empty");
  if (/^v/i.test(text)) throw wrong('API version must be provided without "v" prefix');
  const version = parseApiVersion(text);
  if (version === undefined) throw wrong(`want 1.N: ${text}`);
  if (compareApiVersions(version, oldestApiVersion) < 0)
    throw wrong(`minimum supported API version is ${formatApiVersion(oldestApiVersion)}: ${text}`);
  if (compareApiVersions(version, newestApiVersion) > 0)
    throw wrong(`maximum supported API version is ${formatApiVersion(newestApiVersion)}: ${text}`);
  return version;
}
