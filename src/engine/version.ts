import { formatApiVersion, newestApiVersion, type ApiVersion } from "#spec/api-version.ts";
import { dhowVersion, serverVersion } from "#spec/identity.ts";

/** What `GET /version` tells. */
export interface EngineVersion {
  /** What clients take for Docker's version. */
  readonly version: string;
  readonly dhow: string;
  readonly apiVersion: string;
  readonly minApiVersion: string;
  /** The program's own runtime, where Docker names its Go. */
  readonly runtime: string;
  readonly architecture: string;
  readonly kernelVersion: string;
  /** The host's programs that containers run by. */
  readonly programs: readonly { readonly name: string; readonly version: string }[];
}

export interface VersionDeps {
  readonly architecture: string;
  readonly kernelVersion: string;
  readonly minApiVersion: ApiVersion;
  readonly programs: EngineVersion["programs"];
}

export function describeVersion(deps: VersionDeps): EngineVersion {
  return {
    version: serverVersion,
    dhow: dhowVersion,
    apiVersion: formatApiVersion(newestApiVersion),
    minApiVersion: formatApiVersion(deps.minApiVersion),
    runtime: `node${process.versions.node}`,
    architecture: deps.architecture,
    kernelVersion: deps.kernelVersion,
    programs: deps.programs,
  };
}
