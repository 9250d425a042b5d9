import type { ContainerExecBody } from "#spec/docker-api/types.ts";
import { list, text, toggle, type ValuesOf } from "../../arguments/flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { runExec } from "../../exec/run-exec.ts";
import { variables } from "../../run/environment.ts";
import { flagContext } from "../../run/flag-context.ts";
import { consoleSize } from "../../terminal/console-size.ts";
import { requireTerminal } from "../../terminal/require-terminal.ts";

const flags = {
  detach: toggle("Detached mode: run command in the background", { short: "d" }),
  "detach-keys": text("Override the key sequence for detaching a container"),
  env: list("Set environment variables; a name alone takes yours", { short: "e" }),
  "env-file": list("Read in a file of environment variables"),
  interactive: toggle("Keep STDIN open even if not attached", { short: "i" }),
  privileged: toggle("Give extended privileges to the command"),
  tty: toggle("Allocate a pseudo-TTY", { short: "t" }),
  user: text('Username or UID (format: "<name|uid>[:<group|gid>]")', { short: "u" }),
  workdir: text("Working directory inside the container", { short: "w" }),
};

type Values = ValuesOf<typeof flags>;

export const exec = defineCommand({
  flags,
  arguments: { usage: "CONTAINER COMMAND [ARG...]", least: 2, most: Number.POSITIVE_INFINITY },
  interspersed: false,
  run,
});

async function run(cli: Cli, values: Values, [container = "", ...command]: readonly string[]): Promise<number> {
  const { client, config } = cli;
  const detachKeys = values["detach-keys"] ?? config.detachKeys;
  const body = execBody(cli, values, { command, detachKeys });
  // First whether there is such a container: that says more than what is wrong with the terminal.
  await client.containers.inspect(container);
  if (!values.detach) requireTerminal(cli.streams, { tty: values.tty, stdin: values.interactive });
  const { Id } = await client.exec.create(container, body);
  if (!values.detach) return runExec(cli, Id, { tty: values.tty, stdin: values.interactive, detachKeys });
  await client.exec.startDetached(Id, { Tty: values.tty });
  return 0;
}

interface Wanted {
  readonly command: readonly string[];
  readonly detachKeys: string | undefined;
}

function execBody(cli: Cli, values: Values, { command, detachKeys }: Wanted): ContainerExecBody {
  const attached = !values.detach;
  return {
    AttachStdin: attached && values.interactive,
    AttachStdout: attached,
    AttachStderr: attached,
    Tty: values.tty,
    Cmd: [...command],
    Env: variables({ files: values["env-file"], texts: values.env }, flagContext(cli)),
    Privileged: values.privileged,
    User: values.user,
    WorkingDir: values.workdir,
    DetachKeys: detachKeys,
    ...consoleSize(cli.streams, values.tty),
  };
}
