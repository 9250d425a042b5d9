import { type ClientIdentity, HttpClient } from "#http/client.ts";
import type { ApiVersion } from "#spec/api-version.ts";
import { Caller } from "./caller.ts";
import { ContainersClient } from "./containers/containers.ts";
import { ExecClient } from "./exec.ts";
import { ImagesClient } from "./images.ts";
import { NetworksClient } from "./networks.ts";
import { SystemClient } from "./system.ts";
import { parseHost } from "./target.ts";
import { VolumesClient } from "./volumes.ts";

export interface ConnectOptions {
  /** Certificates in PEM; with them (even none: `{}`) TCP means TLS. */
  readonly identity?: ClientIdentity | undefined;
  /** Speaks this version instead of agreeing on one. */
  readonly apiVersion?: ApiVersion | undefined;
  /** Sent with every call. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A daemon's API, noun by noun. */
export interface EngineClient extends Disposable {
  readonly host: string;
  readonly system: SystemClient;
  readonly containers: ContainersClient;
  readonly exec: ExecClient;
  readonly images: ImagesClient;
  readonly networks: NetworksClient;
  readonly volumes: VolumesClient;
  /** The API version that calls are made in. */
  apiVersion(): Promise<ApiVersion>;
  /** Lets connections go; streams that are under way go on. */
  close(): void;
}

/**
 * A client of the daemon at `unix:///path` or `tcp://host:port`. Nothing is sent before the first call.
 *
 * @throws EngineError `invalid`, `not-implemented` for a host that it cannot speak to.
 */
export function connect(host: string, options: ConnectOptions = {}): EngineClient {
  const http = new HttpClient(parseHost(host, options.identity));
  const caller = new Caller({ http, host }, options);
  return {
    host,
    system: new SystemClient(caller),
    containers: new ContainersClient(caller),
    exec: new ExecClient(caller),
    images: new ImagesClient(caller),
    networks: new NetworksClient(caller),
    volumes: new VolumesClient(caller),
    apiVersion: () => caller.version(),
    close: () => http.close(),
    [Symbol.dispose]: () => http.close(),
  };
}
