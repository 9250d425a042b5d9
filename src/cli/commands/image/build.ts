import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createGzip } from "node:zlib";
import { pipeline, Readable } from "node:stream";
import { EngineError } from "#errors/engine-error.ts";
import type { BuildOffers } from "#client/builds/session.ts";
import type { BuildOptions } from "#client/builds/build.ts";
import { integer, invalid, list, text, toggle, type Flag, type ValuesOf } from "../../arguments/flag.ts";
import { readAgents } from "../../image-build/agents.ts";
import { allAuths } from "../../image-build/auths.ts";
import { readCaches, type WantedCaches } from "../../image-build/caches.ts";
import { openContext } from "../../image-build/open-context.ts";
import { readOutputs, type WantedOutputs } from "../../image-build/outputs.ts";
import { provenanceFlag } from "../../image-build/provenance-flag.ts";
import { readSecrets } from "../../image-build/secrets.ts";
import { showBuild, type ProgressKind } from "../../image-build/show-build.ts";
import type { Cli } from "../../cli.ts";
import { defineCommand } from "../../command.ts";
import { memory, pair, ulimit } from "../../run/flag-values.ts";
import { write } from "../../streams.ts";
import { sizeOf } from "../../terminal/size.ts";

const flags = {
  "add-host": list("Add a custom host-to-IP mapping (host:ip)"),
  allow: list("Allow extra privileged entitlement (e.g., 'network.host', 'security.insecure')"),
  "build-arg": list("Set build-time variables"),
  "cache-from": list("Images to consider as cache sources, or 'type=registry,ref=...', 'type=local,src=DIR'", { value: "stringArray" }),
  "cache-to": list(
    "Cache export destinations ('type=inline', 'type=registry,ref=...', 'type=local,dest=DIR', with mode=max, mounts=true)",
    {
      value: "stringArray",
    },
  ),
  "cgroup-parent": text("Set the parent cgroup for the RUN instructions during build"),
  compress: toggle("Compress the build context using gzip"),
  "cpu-period": integer("Limit the CPU CFS (Completely Fair Scheduler) period"),
  "cpu-quota": integer("Limit the CPU CFS (Completely Fair Scheduler) quota"),
  "cpu-shares": integer("CPU shares (relative weight)", { short: "c" }),
  "cpuset-cpus": text("CPUs in which to allow execution (0-3, 0,1)"),
  "cpuset-mems": text("MEMs in which to allow execution (0-3, 0,1)"),
  explain: toggle("Say of each step that is not cached which of its inputs is another than before"),
  file: text("Name of the Dockerfile (default is 'PATH/Dockerfile')", { short: "f" }),
  "force-rm": toggle("Always remove intermediate containers"),
  iidfile: text("Write the image ID to a file"),
  label: list("Set metadata for an image"),
  memory: bytes("Memory limit", "m"),
  "memory-swap": bytes("Swap limit equal to memory plus swap: '-1' to enable unlimited swap"),
  network: text("Set the networking mode for the RUN instructions during build"),
  "no-cache": toggle("Do not use cache when building the image"),
  output: list("Output destination (format: 'DIR', '-', or 'type=local|tar|oci|docker|image,dest=path')", {
    short: "o",
    value: "stringArray",
  }),
  platform: text("Set platform if server is multi-platform capable"),
  progress: text("Set type of progress output ('auto', 'plain', 'tty', 'quiet', 'rawjson')"),
  provenance: provenanceFlag,
  pull: toggle("Always attempt to pull a newer version of the image"),
  quiet: toggle("Suppress the build output and print image ID on success", { short: "q" }),
  rm: toggle("Remove intermediate containers after a successful build", { initial: true }),
  sbom: toggle("Attach a list of what is installed in the image (SPDX)"),
  secret: list("Secret to expose to the build (format: 'id=mysecret[,src=/local/secret][,env=NAME]')", { value: "stringArray" }),
  "security-opt": list("Security options"),
  "shm-size": bytes("Size of '/dev/shm'"),
  squash: toggle("Squash newly built layers into a single new layer"),
  ssh: list("SSH agent socket to expose to the build (format: 'default|<id>[=<socket>]')", { value: "stringArray" }),
  tag: list("Name and optionally a tag (format: 'name:tag')", { short: "t" }),
  target: text("Set the target build stage to build"),
  ulimit: list("Ulimit options", { value: "ulimit" }),
};

type Values = ValuesOf<typeof flags>;

function bytes(help: string, short?: string): Flag<number | undefined> {
  return { short, value: "bytes", help, initial: undefined, read: memory };
}

export const build = defineCommand({
  flags,
  arguments: { usage: "PATH | URL | -", least: 1, most: 1 },
  interspersed: true,
  run,
});

async function run(cli: Cli, values: Values, [path = ""]: readonly string[]): Promise<number> {
  const { streams, currentFolder } = cli;
  const progress = progressOf(cli, values);
  const wanted = readOutputs(values.output, { ...streams, currentFolder });
  const caches = readCaches(values["cache-from"], values["cache-to"], currentFolder);
  const options = { ...(await requestOf(cli, values)), cacheFrom: caches.from, cacheTo: caches.to };
  const offers = offersOf(cli, values, wanted, caches);
  const { context, dockerfile } = await openContext({ path, dockerfile: values.file, currentFolder, input: streams.input });
  const sent = "body" in context && values.compress ? { body: gzipped(context.body) } : context;
  const left = new AbortController();
  const stop = streams.onSignal(["SIGINT", "SIGTERM"], () => left.abort(new EngineError("cancelled", "the build was interrupted")));
  try {
    const messages = await cli.client.images.build({
      ...options,
      outputs: wanted.outputs,
      offers,
      context: sent,
      dockerfile,
      signal: left.signal,
    });
    const size = sizeOf(streams.output) ?? { columns: 80, rows: 24 };
    const id = await showBuild(messages, progress, { stream: streams.errors, size });
    if (id !== undefined && values.iidfile !== undefined) await writeFile(resolve(currentFolder, values.iidfile), id);
    if (id !== undefined && progress === "quiet" && !wanted.usesOutput) await write(streams.output, `${id}\n`);
    return 0;
  } finally {
    stop();
  }
}

const KINDS: readonly ProgressKind[] = ["plain", "tty", "quiet", "rawjson"];

function progressOf({ streams, environment }: Cli, values: Values): ProgressKind {
  if (values.quiet) return "quiet";
  const wish = values.progress ?? (environment["BUILDKIT_PROGRESS"] || "auto");
  if (wish === "auto") return streams.errors.isTTY === true ? "tty" : "plain";
  return KINDS.find((kind) => kind === wish) ?? invalid(`--progress must be one of auto, ${KINDS.join(", ")}`);
}

async function requestOf(cli: Cli, values: Values): Promise<Omit<BuildOptions, "context">> {
  const { environment } = cli;
  const secrets = readSecrets(values.secret, cli);
  if (secrets.size > 0) await requireDhow(cli, "--secret: only a daemon of Dhow takes secrets over the classic wire, and this is none");
  const attestations = values.sbom || values.provenance !== undefined ? { sbom: values.sbom, provenance: values.provenance } : undefined;
  if (attestations !== undefined)
    await requireDhow(cli, "--sbom, --provenance: only a daemon of Dhow attests over the classic wire, and this is none");
  return {
    attestations,
    tags: values.tag,
    target: values.target,
    platform: values.platform ?? environment["DOCKER_DEFAULT_PLATFORM"],
    buildArgs: Object.fromEntries(values["build-arg"].map((one) => buildArg(one, environment))),
    labels: Object.fromEntries(values.label.map(pair)),
    allow: values.allow,
    extraHosts: values["add-host"],
    securityOptions: values["security-opt"],
    ulimits: values.ulimit.map(ulimit),
    parameters: parametersOf(values),
    auths: await allAuths(cli.config),
    secrets,
  };
}

/** Undefined where nothing is offered: then any daemon will do. */
function offersOf(cli: Cli, values: Values, { takers }: WantedOutputs, { folders }: WantedCaches): BuildOffers | undefined {
  const agents = readAgents(values.ssh, cli);
  return agents.size + takers.size + folders.length === 0 ? undefined : { agents, outputs: takers, caches: folders };
}

/** Another daemon would take the secrets for the beginning of the context, and ignore the wish for attestations. */
async function requireDhow({ client }: Cli, refusal: string): Promise<void> {
  const { Platform } = await client.system.version();
  if (Platform?.Name?.startsWith("Dhow ") === true) return;
  throw new EngineError("not-implemented", refusal);
}

/** `NAME` alone is the user's own variable; one that the user has not keeps the file's default. */
function buildArg(one: string, environment: Cli["environment"]): [string, string | null] {
  return one.includes("=") ? pair(one) : [one, environment[one] ?? null];
}

function parametersOf(values: Values): NonNullable<BuildOptions["parameters"]> {
  return {
    nocache: values["no-cache"] || undefined,
    explain: values.explain || undefined,
    pull: values.pull || undefined,
    q: values.quiet || undefined,
    rm: values.rm,
    forcerm: values["force-rm"] || undefined,
    squash: values.squash || undefined,
    memory: values.memory,
    memswap: values["memory-swap"],
    shmsize: values["shm-size"],
    cpushares: values["cpu-shares"],
    cpuperiod: values["cpu-period"],
    cpuquota: values["cpu-quota"],
    cpusetcpus: values["cpuset-cpus"],
    cpusetmems: values["cpuset-mems"],
    cgroupparent: values["cgroup-parent"],
    networkmode: values.network,
  };
}

function gzipped(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  // What goes wrong with the body is the compressor's error, too, and reaches whoever reads it.
  return pipeline(Readable.from(body), createGzip(), () => {}) as AsyncIterable<Uint8Array>;
}
