import { ApiError } from "#client/api-error.ts";
import { toggle, type ValuesOf } from "../../arguments/flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { doEach } from "../../each.ts";

const flags = {
  force: toggle("Force the removal of a running container (uses SIGKILL)", { short: "f" }),
  volumes: toggle("Remove anonymous volumes associated with the container", { short: "v" }),
};

export const rm = defineCommand({
  flags,
  arguments: { usage: "CONTAINER [CONTAINER...]", least: 1, most: Number.POSITIVE_INFINITY },
  interspersed: true,
  run,
});

function run({ client, streams }: Cli, { force, volumes }: ValuesOf<typeof flags>, names: readonly string[]): Promise<number> {
  // With --force a container that is not there is as good as removed, as with docker.
  const forgives = (error: unknown): boolean => force && error instanceof ApiError && error.status === 404;
  return doEach(streams, names, (name) => client.containers.remove(name, { force, volumes }), { forgives });
}
