import { ConfigError } from "../config-error.ts";
import type { RegistryConfig } from "../daemon-config.ts";
import type { Settings } from "../options.ts";
import { isLoopback } from "../values/host-address.ts";
import { parseHostPort } from "./daemon.ts";

/** Undefined where no address is given. @throws ConfigError also where strangers could read images, or passwords. */
export function buildRegistry(settings: Settings): RegistryConfig | undefined {
  const { "registry-addr": text, "registry-htpasswd": htpasswd, "registry-tlscert": cert, "registry-tlskey": key } = settings;
  if (text === undefined) {
    const isMore = [htpasswd, cert, key, settings["registry-insecure"]].some((value) => value !== undefined);
    if (isMore) throw new ConfigError("registry-addr is missing: what else is said of the registry is said of none");
    return undefined;
  }
  const address = parseHostPort("registry-addr", text);
  if ((cert === undefined) !== (key === undefined)) throw new ConfigError("registry-tlscert and registry-tlskey go together");
  for (const [name, path] of Object.entries({ htpasswd, tlscert: cert, tlskey: key })) {
    if (path !== undefined && !path.startsWith("/"))
      throw new ConfigError(`invalid registry-${name} ${JSON.stringify(path)}: want an absolute path`);
  }
  const config = { address, htpasswd, tls: cert === undefined || key === undefined ? undefined : { clientCa: undefined, cert, key } };
  if (!isLoopback(address.host) && settings["registry-insecure"] !== true) refuseExposed(text, config);
  return config;
}

function refuseExposed(text: string, { htpasswd, tls }: RegistryConfig): void {
  const start = `registry-addr ${text} can be reached by others`;
  if (htpasswd === undefined)
    throw new ConfigError(`${start}, who could pull every image that is here: set registry-htpasswd, or say registry-insecure`);
  if (tls === undefined)
    throw new ConfigError(
      `${start}, and passwords would be sent in the clear: set registry-tlscert and registry-tlskey, or say registry-insecure`,
    );
}
