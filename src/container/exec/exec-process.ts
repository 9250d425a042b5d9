import type { OciSpec } from "#spec/oci-runtime/spec.ts";
import type { Container } from "../record/container.ts";
import type { ContainerContext } from "../deps.ts";
import { linkEnvironment } from "../links/environment.ts";
import { factsWithoutRun, specInput, withEnvironment } from "../run/spec-input.ts";
import type { ExecSession } from "./exec-session.ts";

type ExecProcessDeps = Pick<ContainerContext, "sandbox" | "options" | "store" | "networks">;

/** The process part of a spec for an exec, confined as the container's first process is (runtime/oci decides how). */
export function processOf(deps: ExecProcessDeps, container: Container, { config, user }: ExecSession): OciSpec["process"] {
  return deps.sandbox.execProcess({
    container: containerProcess(deps, container),
    config: withEnvironment(container.config, linkEnvironment(deps, container)),
    hostname: container.config.Hostname ?? "",
    args: config.command,
    env: config.env,
    cwd: config.workingDir,
    user,
    tty: config.tty,
    privileged: config.privileged,
    host: deps.options.host,
  });
}

/** Of containers that did not change since; a container is a new value after every change. */
const processes = new WeakMap<Container, OciSpec["process"]>();

const NO_DEVICES = { nodes: [], disks: {} };

/** That of the container itself. Devices and limits per disk play no part in it, and are not looked up. */
function containerProcess(deps: ExecProcessDeps, container: Container): OciSpec["process"] {
  const { sandbox, options } = deps;
  const environment = linkEnvironment(deps, container);
  // What it is linked to may have another address by now.
  let process = environment.length === 0 ? processes.get(container) : undefined;
  if (process === undefined) {
    const { Privileged, SecurityOpt, CapAdd, CapDrop, Ulimits, OomScoreAdj, UsernsMode } = container.hostConfig;
    const hostConfig = { Privileged, SecurityOpt, CapAdd, CapDrop, Ulimits, OomScoreAdj, UsernsMode };
    ({ process } = sandbox.spec(
      specInput(options, { ...container, hostConfig, mounts: [] }, { ...factsWithoutRun(container, NO_DEVICES), environment }),
    ));
    processes.set(container, process);
  }
  return process;
}
