import type { OciSpec } from "#spec/oci-runtime/spec.ts";
import type { Container } from "../container.ts";
import type { ContainerContext } from "../deps.ts";
import { factsWithoutRun, specInput } from "../spec-input.ts";
import type { ExecSession } from "./exec-session.ts";

/** The process part of a spec for an exec, confined as the container's first process is (runtime/oci decides how). */
export function processOf(
  { sandbox, options }: Pick<ContainerContext, "sandbox" | "options">,
  container: Container,
  { config, user }: ExecSession,
): OciSpec["process"] {
  return sandbox.execProcess({
    container: containerProcess({ sandbox, options }, container),
    config: container.config,
    hostname: container.config.Hostname ?? "",
    args: config.command,
    env: config.env,
    cwd: config.workingDir,
    user,
    tty: config.tty,
    privileged: config.privileged,
    host: options.host,
  });
}

/** Of containers that did not change since; a container is a new value after every change. */
const processes = new WeakMap<Container, OciSpec["process"]>();

const NO_DEVICES = { nodes: [], disks: {} };

/** That of the container itself. Devices and limits per disk play no part in it, and are not looked up. */
function containerProcess({ sandbox, options }: Pick<ContainerContext, "sandbox" | "options">, container: Container): OciSpec["process"] {
  let process = processes.get(container);
  if (process === undefined) {
    const { Privileged, SecurityOpt, CapAdd, CapDrop, Ulimits, OomScoreAdj, UsernsMode } = container.hostConfig;
    const hostConfig = { Privileged, SecurityOpt, CapAdd, CapDrop, Ulimits, OomScoreAdj, UsernsMode };
    ({ process } = sandbox.spec(specInput(options, { ...container, hostConfig, mounts: [] }, factsWithoutRun(container, NO_DEVICES))));
    processes.set(container, process);
  }
  return process;
}
