import type { ContainerConfig, EndpointSettings, HostConfig } from "#spec/docker-api/types.ts";

/** What `run` and `create` send, while the flags fill it in. */
export interface CreateRequest {
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** Of the one network that the flags name. */
  readonly endpoint: EndpointSettings;
}

/** What belongs to the command itself and not to the container. */
export interface RunSettings {
  name: string | undefined;
  platform: string | undefined;
  pull: "always" | "missing" | "never";
  quiet: boolean;
  detach: boolean;
  interactive: boolean;
  tty: boolean;
  attach: string[];
  sigProxy: boolean;
  detachKeys: string | undefined;
  cidFile: string | undefined;
}

/** Files that flags name: environment and label files. Relative paths are the user's. */
export interface FlagContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readLines: (path: string) => readonly string[];
  readonly currentFolder: string;
}
