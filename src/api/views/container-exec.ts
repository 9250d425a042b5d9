import type { ExecSession } from "#container/exec/exec-session.ts";

/** The answer of `GET /exec/{id}/json`. ExitCode is null until there is one. */
export function execView({ id, containerId, config, state }: ExecSession): object {
  const [entrypoint = "", ...rest] = config.command;
  return {
    ID: id,
    Running: state.status === "running" || state.status === "starting",
    ExitCode: state.status === "exited" ? state.exitCode : null,
    ProcessConfig: {
      tty: config.tty,
      entrypoint,
      arguments: rest,
      privileged: config.privileged,
      ...(config.user === "" ? {} : { user: config.user }),
    },
    OpenStdin: config.stdin,
    OpenStderr: config.stderr,
    OpenStdout: config.stdout,
    CanRemove: false,
    ContainerID: containerId,
    DetachKeys: Buffer.from(config.detachKeys).toString("base64"),
    Pid: pidOf(state),
  };
}

function pidOf(state: ExecSession["state"]): number {
  if (state.status === "running") return state.process.pid;
  return state.status === "exited" ? state.pid : 0;
}
