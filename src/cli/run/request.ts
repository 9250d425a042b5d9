import type { ContainerConfig, ContainerCreateBody, EndpointSettings, HostConfig } from "#spec/docker-api/types.ts";

/** What `run` sends, while the flags fill it in. */
export interface CreateRequest {
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** In the order that they were named; the first is the one that the container's network mode names. */
  readonly networks: NetworkRequest[];
  /** What flags such as `--ip` say of the one network there is. */
  readonly endpoint: EndpointSettings;
}

export interface NetworkRequest {
  readonly name: string;
  readonly endpoint: EndpointSettings;
}

/** What flags need of the user's side: variables and files. Relative paths are the user's. */
export interface FlagContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly currentFolder: string;
  /** @throws EngineError `invalid` naming the file. */
  readonly readText: (path: string) => string;
}

export function emptyRequest(): CreateRequest {
  return { config: {}, hostConfig: {}, networks: [], endpoint: {} };
}

/** The request as the API takes it. */
export function createBody({ config, hostConfig, networks, endpoint }: CreateRequest): ContainerCreateBody {
  const mode = networks[0]?.name;
  const endpoints = networks.map(({ name, endpoint: own }): [string, EndpointSettings] => [name, own]);
  if (Object.keys(endpoint).length > 0) {
    const name = mode ?? "default";
    const own = networks[0]?.endpoint ?? {};
    endpoints.splice(0, 1, [name, merged(own, endpoint)]);
  }
  return {
    ...config,
    HostConfig: { ...hostConfig, ...(mode === undefined ? {} : { NetworkMode: mode }) },
    ...(endpoints.some(([, own]) => Object.keys(own).length > 0) || endpoints.length > 1
      ? { NetworkingConfig: { EndpointsConfig: Object.fromEntries(endpoints) } }
      : {}),
  };
}

function merged(own: EndpointSettings, flags: EndpointSettings): EndpointSettings {
  const aliases = [...(own.Aliases ?? []), ...(flags.Aliases ?? [])];
  return { ...own, ...flags, ...(aliases.length > 0 ? { Aliases: aliases } : {}) };
}
