import type { ContainerConfig } from "#spec/docker-api/types.ts";
import type { OciProcess } from "#spec/oci-runtime/spec.ts";
import type { HostFacts, ResolvedUser } from "../../spec-input.ts";
import { processCapabilities } from "./capabilities.ts";
import { defaultEnvironment, overrideEnvironment, withHome } from "./environment.ts";
import { ociUser } from "./process.ts";
import { restoredRlimits } from "./rlimits.ts";

/** One more process in a running container. */
export interface ExecInput {
  /** The container's own first process, as `ociSpec` made it (may be read back from its config.json). */
  readonly container: OciProcess;
  readonly config: Pick<ContainerConfig, "Env">;
  readonly hostname: string;
  readonly args: readonly string[];
  /** What the request adds to the container's environment. */
  readonly env: readonly string[];
  /** Empty: the container's. */
  readonly cwd: string;
  /** Who runs it, looked up anew: the container may have changed its user data base. */
  readonly user: ResolvedUser;
  readonly tty: boolean;
  /** Every capability that the daemon has. */
  readonly privileged: boolean;
  readonly host: Pick<HostFacts, "capabilities">;
}

/** Confined as the container's first process is: same limits, same bounding set, same no_new_privs; the runtime adds the same seccomp filter. */
export function execProcess(input: ExecInput): OciProcess {
  const { container, args, cwd, user, tty, privileged, host } = input;
  const { consoleSize: _, ...confinement } = container;
  const bounding = privileged ? host.capabilities : (container.capabilities?.bounding ?? []);
  return {
    ...confinement,
    terminal: tty,
    user: ociUser(user),
    args: [...args],
    env: execEnvironment(input),
    cwd: cwd === "" ? container.cwd : cwd,
    capabilities: processCapabilities(bounding, user.uid),
    ...(container.rlimits === undefined ? {} : { rlimits: restoredRlimits(container.rlimits) }),
  };
}

/** As the container's, but with its own terminal (TERM only where nobody set one) and its own user's HOME. */
function execEnvironment({ config, hostname, env, tty, user }: ExecInput): string[] {
  const own = overrideEnvironment(defaultEnvironment(hostname, tty), config.Env ?? []);
  return withHome(overrideEnvironment(own, env), user.home);
}
