import { EngineError } from "#errors/engine-error.ts";
import { invalid, text, toggle, type Flag, type ValuesOf } from "../arguments/flag.ts";
import type { Cli } from "../cli.ts";

const STREAMS = ["stdin", "stdout", "stderr"] as const;

export type AttachedStream = (typeof STREAMS)[number];

const attach: Flag<readonly AttachedStream[]> = {
  short: "a",
  value: "list",
  help: "Attach to STDIN, STDOUT or STDERR",
  initial: [],
  read: (given, before) => [
    ...before,
    STREAMS.find((name) => name === given.toLowerCase()) ?? invalid("valid streams are STDIN, STDOUT and STDERR"),
  ],
};

const PULLS = ["always", "missing", "never"] as const;

const pull: Flag<(typeof PULLS)[number]> = {
  value: "string",
  help: 'Pull image before running ("always", "missing", "never")',
  initial: "missing",
  read: (given) => PULLS.find((when) => when === given) ?? invalid('must be one of "always", "missing" or "never"'),
};

/** The flags of `run` that are about the command itself and not about the container. */
export const ownFlags = {
  attach,
  cidfile: text("Write the container ID to the file"),
  detach: toggle("Run container in background and print container ID", { short: "d" }),
  "detach-keys": text("Override the key sequence for detaching a container"),
  interactive: toggle("Keep STDIN open even if not attached", { short: "i" }),
  name: text("Assign a name to the container"),
  platform: text("Set platform if server is multi-platform capable"),
  pull,
  quiet: toggle("Suppress the pull output", { short: "q" }),
  rm: toggle("Automatically remove the container and its associated anonymous volumes when it exits"),
  "sig-proxy": toggle("Proxy received signals to the process", { initial: true }),
  tty: toggle("Allocate a pseudo-TTY", { short: "t" }),
};

/** What belongs to the command itself. */
export interface RunSettings {
  readonly image: string;
  readonly name: string | undefined;
  readonly platform: string | undefined;
  readonly pull: (typeof PULLS)[number];
  readonly quiet: boolean;
  readonly cidFile: string | undefined;
  readonly detach: boolean;
  /** None when it is detached. */
  readonly attached: ReadonlySet<AttachedStream>;
  readonly interactive: boolean;
  readonly tty: boolean;
  readonly autoRemove: boolean;
  readonly sigProxy: boolean;
  readonly detachKeys: string | undefined;
}

/** @throws EngineError `invalid` for flags that contradict each other. */
export function settingsOf(
  { config, environment }: Pick<Cli, "config" | "environment">,
  values: ValuesOf<typeof ownFlags>,
  image: string,
): RunSettings {
  if (values.detach && values.attach.length > 0) {
    throw new EngineError("invalid", "conflicting options: cannot specify both --attach and --detach");
  }
  return {
    image,
    name: values.name,
    platform: values.platform ?? environment["DOCKER_DEFAULT_PLATFORM"],
    pull: values.pull,
    quiet: values.quiet,
    cidFile: values.cidfile,
    detach: values.detach,
    attached: values.detach ? new Set() : attachedStreams(values),
    interactive: values.interactive,
    tty: values.tty,
    autoRemove: values.rm,
    sigProxy: values["sig-proxy"],
    detachKeys: values["detach-keys"] ?? config.detachKeys,
  };
}

/** Those that are named; else both outputs, and the input where it is open. */
function attachedStreams(values: ValuesOf<typeof ownFlags>): ReadonlySet<AttachedStream> {
  if (values.attach.length > 0) return new Set(values.attach);
  return new Set(values.interactive ? STREAMS : ["stdout", "stderr"]);
}
