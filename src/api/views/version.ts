import type { EngineVersion } from "#engine/version.ts";
import type { SystemVersion } from "#spec/docker-api/types.ts";

/** `GET /version`. Portainer tells engines apart by the components' names, and looks for `podman`: ours has none of that. */
export function versionView(version: EngineVersion): SystemVersion {
  const details = {
    ApiVersion: version.apiVersion,
    MinAPIVersion: version.minApiVersion,
    GitCommit: `v${version.dhow}`,
    GoVersion: version.runtime,
    Os: "linux",
    Arch: version.architecture,
    KernelVersion: version.kernelVersion,
    BuildTime: "",
  };
  const programs = version.programs.map(({ name, version: programVersion }) => ({ Name: name, Version: programVersion, Details: {} }));
  return {
    Platform: { Name: `Dhow ${version.dhow}` },
    Version: version.version,
    ...details,
    Experimental: false,
    Components: [{ Name: "Engine", Version: version.version, Details: { ...details, Experimental: "false" } }, ...programs],
  };
}
