import { ConfigError } from "../config-error.ts";
import type { ImagesConfig } from "../daemon-config.ts";
import type { DaemonEnvironment } from "../env.ts";
import type { Settings } from "../options.ts";

export function buildImages(settings: Settings, environment: DaemonEnvironment): ImagesConfig {
  return {
    // Docker takes an empty one for none.
    storageDriver: settings["storage-driver"] || undefined,
    insecureRegistries: (settings["insecure-registry"] ?? []).map(registry),
    mirrors: (settings["registry-mirror"] ?? []).map(mirror),
    maxConcurrentDownloads: atLeastOne(settings["max-concurrent-downloads"] ?? 3, "max concurrent downloads"),
    maxConcurrentUploads: atLeastOne(settings["max-concurrent-uploads"] ?? 5, "max concurrent uploads"),
    maxDownloadAttempts: atLeastOne(settings["max-download-attempts"] ?? 5, "max download attempts"),
    signaturePolicy: absolute(settings["signature-policy"], "signature policy"),
    proxies: {
      http: settings["http-proxy"] ?? environment.proxies.http,
      https: settings["https-proxy"] ?? environment.proxies.https,
      none: settings["no-proxy"] ?? environment.proxies.none,
    },
  };
}

function atLeastOne(value: number, what: string): number {
  if (value < 1) throw new ConfigError(`invalid ${what}: ${value}`);
  return value;
}

function absolute(path: string | undefined, what: string): string | undefined {
  if (path !== undefined && !path.startsWith("/")) throw new ConfigError(`invalid ${what} ${JSON.stringify(path)}: want an absolute path`);
  return path;
}

/** A host with or without a port, or a subnet. */
function registry(text: string): string {
  if (text === "" || text.includes("://"))
    throw new ConfigError(`invalid insecure registry ${JSON.stringify(text)}: want HOST, HOST:PORT or a subnet`);
  return text;
}

/** An address for Docker Hub, or `HOST=address` for another registry. */
function mirror(entry: string): string {
  const text = entry.replace(/^[^=/]+=/, "");
  if (!/^https?:\/\//.test(text))
    throw new ConfigError(`invalid mirror: no scheme specified for "${text}": must use either 'https://' or 'http://'`);
  const url = URL.parse(text);
  if (url === null || url.search !== "" || url.hash !== "") throw new ConfigError(`invalid mirror: "${text}" is not a plain URL`);
  return entry;
}
