import { EngineError } from "#errors/engine-error.ts";
import type { ContainerUpdateBody, PortMap } from "#spec/docker-api/types.ts";
import { isEmptyChange, type PortChange } from "#spec/network/port-change.ts";
import type { RateChange } from "#spec/network/rate.ts";
import type { Flag, ValuesOf } from "../../arguments/flag.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { doEach } from "../../each.ts";
import { limitFlags } from "../../run/flags/limits.ts";
import { parsePublish } from "../../run/ports.ts";
import { parseNetworkRate } from "../../run/network-rate.ts";
import { emptyRequest } from "../../run/request.ts";
import type { RunFlag } from "../../run/run-flag.ts";
import { runFlags } from "../../run/run-flags.ts";
import { write } from "../../streams.ts";

/** Those of `docker update`, in its order. */
const NAMES = [
  "blkio-weight",
  "cpu-period",
  "cpu-quota",
  "cpu-rt-period",
  "cpu-rt-runtime",
  "cpu-shares",
  "cpus",
  "cpuset-cpus",
  "cpuset-mems",
  "memory",
  "memory-reservation",
  "memory-swap",
  "pids-limit",
  "restart",
] as const;

type FieldFlags = Readonly<Record<(typeof NAMES)[number], RunFlag>>;

const fieldFlags = Object.fromEntries(NAMES.map((name) => [name, flagOf(name)])) as FieldFlags;

function flagOf(name: string): RunFlag {
  const flag = limitFlags[name] ?? runFlags[name];
  if (flag === undefined) throw new Error(`run has no flag --${name}`);
  return name === "restart" ? { ...flag, help: "Restart policy to apply when a container exits" } : flag;
}

const networkRate: Flag<RateChange> = {
  value: "rate",
  help: "Limit what the network interfaces receive and send: a RATE such as 10mbit, or in=RATE, out=RATE, in-burst=BYTES, out-burst=BYTES with commas between; none for no limit",
  initial: {},
  read: (text, before) => ({ ...before, ...parseNetworkRate(text) }),
};

/** Adds to `before` what a text of `-p` says, by the container's port. */
function publications(text: string, before: PortMap): PortMap {
  const bindings = new Map(Object.entries(before));
  for (const { port, binding } of parsePublish(text)) bindings.set(port, [...(bindings.get(port) ?? []), binding]);
  return Object.fromEntries(bindings);
}

const publishAdd: Flag<PortMap> = {
  value: "port",
  help: "Publish a port of a running container, too: [HOST-IP:][HOST-PORT:]PORT[/PROTOCOL]",
  initial: {},
  read: publications,
};

const publishRemove: Flag<PortMap> = {
  value: "port",
  help: "Publish a port no longer: [HOST-IP:][HOST-PORT:]PORT[/PROTOCOL]; without a host port, wherever it is published",
  initial: {},
  read: publications,
};

const flags = { ...fieldFlags, "network-rate": networkRate, "publish-add": publishAdd, "publish-rm": publishRemove };

export const update = defineCommand({
  flags,
  arguments: { usage: "CONTAINER [CONTAINER...]", least: 1, most: Number.POSITIVE_INFINITY },
  interspersed: true,
  run,
});

async function run({ client, streams }: Cli, values: ValuesOf<typeof flags>, names: readonly string[]): Promise<number> {
  const body = bodyOf(values);
  if (Object.keys(body).length === 0) throw new EngineError("invalid", "you must provide one or more flags when using this command");
  const warnings: string[] = [];
  const exitCode = await doEach(streams, names, async (name) => {
    warnings.push(...((await client.containers.update(name, body)).Warnings ?? []));
  });
  for (const warning of warnings) await write(streams.errors, `${warning}\n`);
  return exitCode;
}

function bodyOf(values: ValuesOf<typeof flags>): ContainerUpdateBody & { NetworkRate?: RateChange; Publish?: PortChange } {
  const request = emptyRequest();
  const context = { environment: {}, currentFolder: "", readText: () => "" };
  for (const name of NAMES) for (const apply of values[name]) apply(request, context);
  const rate = values["network-rate"];
  const ports = { Add: values["publish-add"], Remove: values["publish-rm"] };
  return {
    ...request.hostConfig,
    ...(Object.keys(rate).length === 0 ? {} : { NetworkRate: rate }),
    ...(isEmptyChange(ports) ? {} : { Publish: ports }),
  };
}
