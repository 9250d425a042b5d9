import { formatApiVersion, newestApiVersion, type ApiVersion } from "#spec/api-version.ts";
import { dhowVersion } from "#spec/identity.ts";

/** What the client says of itself, in the shape that docker's command line has for it. */
export interface ClientVersion {
  readonly Platform: { readonly Name: string };
  readonly Version: string;
  readonly ApiVersion: string;
  readonly DefaultAPIVersion: string;
  readonly GitCommit: string;
  readonly GoVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly BuildTime: string;
  readonly Context: string;
}

/** Go's names of what Node calls otherwise: tools compare them with the daemon's. */
const SYSTEMS: Readonly<Record<string, string>> = { win32: "windows", x64: "amd64", ia32: "386" };

/** @param agreed the version that client and daemon speak; the newest before they have. */
export function clientVersion(context: string, agreed: ApiVersion = newestApiVersion): ClientVersion {
  return {
    Platform: { Name: `Dhow ${dhowVersion}` },
    Version: dhowVersion,
    ApiVersion: formatApiVersion(agreed),
    DefaultAPIVersion: formatApiVersion(newestApiVersion),
    GitCommit: `v${dhowVersion}`,
    GoVersion: `node${process.versions.node}`,
    Os: SYSTEMS[process.platform] ?? process.platform,
    Arch: SYSTEMS[process.arch] ?? process.arch,
    BuildTime: "",
    Context: context,
  };
}
