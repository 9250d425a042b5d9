import { EngineError } from "#errors/engine-error.ts";
import type { ContainerConfig, HostConfig } from "#spec/docker-api/types.ts";
import type { OciProcess } from "#spec/oci-runtime/spec.ts";
import { profileFor } from "../../apparmor/profile.ts";
import type { HostFacts, ResolvedUser, SpecInput } from "../../spec-input.ts";
import { processCapabilities } from "./capabilities.ts";
import { containerEnvironment } from "./environment.ts";
import { containerRlimits } from "./rlimits.ts";
import type { SecurityOptions } from "./security-options.ts";

/** Where the init binary is mounted, as in Docker. */
export const INIT_IN_CONTAINER = "/sbin/docker-init";

export function containerProcess(input: SpecInput, bounding: readonly string[], options: SecurityOptions): OciProcess {
  const { config, hostConfig, host, user, defaults } = input;
  const rlimits = containerRlimits(hostConfig, defaults.ulimits, host);
  return {
    terminal: config.Tty === true,
    ...consoleSize(config, hostConfig),
    user: ociUser(user),
    args: [...(wantsInit(input) ? [INIT_IN_CONTAINER, "--"] : []), ...commandLine(config)],
    env: containerEnvironment(config, input.hostname, user.home),
    cwd: workingFolder(config),
    capabilities: processCapabilities(bounding, user.uid),
    ...(rlimits.length === 0 ? {} : { rlimits }),
    noNewPrivileges: options.noNewPrivileges ?? defaults.noNewPrivileges,
    ...apparmor(input, options),
    oomScoreAdj: oomScoreAdj(hostConfig, host),
  };
}

function apparmor({ hostConfig, defaults }: SpecInput, options: SecurityOptions): Pick<OciProcess, "apparmorProfile"> {
  const profile = profileFor(options.apparmor, hostConfig.Privileged === true, defaults.apparmorProfile);
  return profile === undefined || profile === "unconfined" ? {} : { apparmorProfile: profile };
}

/** Entrypoint and command. `Entrypoint: [""]` is how clients say that the image's is not wanted. */
export function commandLine({ Entrypoint = [], Cmd = [] }: Pick<ContainerConfig, "Entrypoint" | "Cmd">): string[] {
  const words = [...(Entrypoint.length === 1 && Entrypoint[0] === "" ? [] : Entrypoint), ...Cmd];
  if (words.length === 0) throw new EngineError("invalid", "no command specified");
  return words;
}

export function workingFolder({ WorkingDir = "" }: Pick<ContainerConfig, "WorkingDir">): string {
  return WorkingDir === "" ? "/" : WorkingDir;
}

/**
 * Whether its first process is to be an init; one in another's PID namespace, or the host's, has no first process to be.
 *
 * @throws EngineError `invalid` where the host has none.
 */
export function wantsInit({ hostConfig, defaults, initPath }: Pick<SpecInput, "hostConfig" | "defaults" | "initPath">): boolean {
  if (!(hostConfig.Init ?? defaults.init) || hostConfig.PidMode) return false;
  if (initPath === undefined) {
    throw new EngineError(
      "invalid",
      "HostConfig.Init: no static init binary (tini-static or catatonit) was found on this host, and no init-path is set",
    );
  }
  return true;
}

export function ociUser({ uid, gid, additionalGids }: ResolvedUser): OciProcess["user"] {
  return { uid, gid, additionalGids: [...additionalGids] };
}

/** Set even when nobody asked: the daemon may run with a lower one that its containers must not have. */
function oomScoreAdj({ OomScoreAdj = 0 }: Pick<HostConfig, "OomScoreAdj">, host: HostFacts): number {
  return host.capabilities.includes("CAP_SYS_RESOURCE") ? OomScoreAdj : Math.max(OomScoreAdj, host.oomScoreAdj ?? 0);
}

function consoleSize({ Tty }: ContainerConfig, { ConsoleSize = [] }: HostConfig): Pick<OciProcess, "consoleSize"> {
  const [height = 0, width = 0] = ConsoleSize;
  return Tty === true && height > 0 && width > 0 ? { consoleSize: { height, width } } : {};
}
