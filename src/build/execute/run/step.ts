import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { OutputChunk } from "#runtime/contract.ts";
import type { HostConfig } from "#spec/docker-api/types.ts";
import { normalizePlatform } from "#spec/platform.ts";
import { runKey } from "../../cache/keys.ts";
import type { RunOperation, StepRef } from "../../plan/plan.ts";
import type { RunnableStep } from "../../ports.ts";
import { StepFailure } from "../../step-failure.ts";
import type { SourceTree } from "../../worker/job.ts";
import { cachedLayer } from "../layer/cached.ts";
import type { Execution, StepOutcome } from "../execution-context.ts";
import { makeLayer } from "../layer/make.ts";
import { runInputs } from "../../explain/inputs.ts";
import { emulationHint } from "./emulation.ts";
import { missingTargets, removeStubs } from "./mount-stubs.ts";
import { once } from "../once.ts";
import { layersOf, step } from "../results.ts";
import { makeMounts } from "./mounts.ts";
import { withTrees } from "../copy/source-trees.ts";
import { identityOf, type LayerTree, type StepResult } from "../step-result.ts";

/** Always the same: it may get into what a command makes. BuildKit's. */
const HOSTNAME = "buildkitsandbox";

interface Run {
  readonly execution: Execution;
  readonly ref: StepRef;
  readonly operation: RunOperation;
  readonly root: LayerTree;
  /** The trees that mounts are taken from. */
  readonly sources: ReadonlyMap<StepRef, StepResult>;
}

/** RUN: a command in the sandbox of a container. @throws StepFailure for one that ends with something else than 0. */
export async function runCommand(execution: Execution, ref: StepRef, operation: RunOperation, title: string): Promise<StepOutcome> {
  refuse(operation, execution.entitlements);
  const root = layersOf(await execution.result(operation.root));
  const froms = new Set(operation.mounts.flatMap((mount) => ("from" in mount && mount.from !== undefined ? [mount.from] : [])));
  const sources = new Map(await Promise.all([...froms].map(async (from) => [from, await execution.result(from)] as const)));
  const run: Run = { execution, ref, operation, root, sources };
  const binds = once(async () => await bindIdentities(run));
  const identity = step(execution, new Map([[operation.root, root]]));
  return await cachedLayer(execution, root, {
    quick: undefined,
    explained: {
      ref,
      base: operation.root,
      inputs: async () => runInputs(operation, await binds(), outsideOf(execution), identity.identity(operation.root)),
    },
    key: async () => runKey(operation, await binds(), outsideOf(execution), identity),
    description: title,
    createdBy: execution.plan.stages.flatMap(({ image }) => image.history).find((line) => line.step === ref)?.createdBy,
    make: async () => await execution.slots.run(execution.signal, async () => await make(run)),
  });
}

/** What only somebody with all rights over the host may have, a Dockerfile cannot ask for. */
function refuse({ security, devices, network }: RunOperation, entitlements: Execution["entitlements"]): void {
  const refusal = (what: string, how: string): EngineError => new EngineError("forbidden", `${what} is not allowed: ${how}`);
  if (security === "insecure" && !entitlements.has("security.insecure"))
    throw refusal("RUN --security=insecure", "the build has to be given the entitlement (--allow security.insecure)");
  if (network === "host" && !entitlements.has("network.host"))
    throw refusal("RUN --network=host", "the build has to be given the host's network (--network=host, or --allow network.host)");
  const device = devices.find(({ required }) => required);
  if (device !== undefined) throw refusal(`RUN --device=${device.name}`, "this builder gives no devices");
}

function outsideOf({ input: { hostConfig } }: Execution): unknown {
  return [hostConfig.NetworkMode ?? "", hostConfig.ExtraHosts ?? []];
}

/** What the mounts show is read by the command: it counts, as far as it can be seen. */
async function bindIdentities({ execution, operation, sources }: Run): Promise<string[]> {
  const { threads, signal, slots } = execution;
  return await Promise.all(
    operation.mounts.map(async (mount) => {
      const result = "from" in mount && mount.from !== undefined ? sources.get(mount.from) : undefined;
      if (result === undefined || !("source" in mount)) return "";
      const known = identityOf(result);
      if (known !== undefined) return known;
      return await withTrees(execution, [result], async ([from]) => {
        if (from === undefined) return "";
        const job = { from, path: mount.source.replace(/[*?[\]\\]/g, "\\$&"), unpack: false, parents: false, exclude: [] };
        return (await slots.run(signal, async () => await threads.select(job, signal))).digest;
      });
    }),
  );
}

async function make(run: Run): Promise<LayerTree> {
  const { execution, root, sources } = run;
  const id = execution.runner.newId();
  return await withTrees(execution, [...sources.values()], async (found) => {
    const trees = new Map([...sources.keys()].map((ref, index) => [ref, found[index] as SourceTree]));
    const work = async (mounted: string): Promise<void> => await command(run, id, mounted, trees);
    return await makeLayer(execution, root, { id, remapped: execution.remapped, work });
  });
}

async function command(
  { execution, ref, operation }: Run,
  id: string,
  root: string,
  trees: ReadonlyMap<StepRef, SourceTree>,
): Promise<void> {
  const { runner, report, input, signal } = execution;
  await using scope = new AsyncDisposableStack();
  const made = await makeMounts(execution, operation, trees, scope);
  const stubs = missingTargets(root, [...made.mounts.map(({ target }) => target), ...Object.keys(made.tmpfs)]);
  const { argv, cwd, user } = operation;
  const runnable: RunnableStep = {
    id,
    argv,
    env: [...operation.env, ...operation.unkeyedEnv, ...made.env],
    cwd,
    user,
    hostname: HOSTNAME,
    hostConfig: { ...input.hostConfig, ...rightsOf(operation, input.hostConfig.NetworkMode), Tmpfs: made.tmpfs },
    mounts: made.mounts,
  };
  report.running(ref, id);
  const texts = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const show = async (text: string): Promise<void> => await (text === "" ? undefined : report.output(ref, text));
  const onOutput = async ({ stream, data }: OutputChunk): Promise<void> => await show(texts[stream].decode(data, { stream: true }));
  const exit = await runner.run(runnable, onOutput, signal).catch((error: unknown) => {
    throw explained(error, execution, ref);
  });
  for (const decoder of Object.values(texts)) await show(decoder.decode());
  if (exit.exitCode !== 0) throw new StepFailure(argv, exit.exitCode);
  removeStubs(root, stubs);
}

/** A program for another processor fails to start with words that nobody understands. */
function explained(error: unknown, { plan }: Execution, ref: StepRef): unknown {
  const stage = plan.stages.find(({ lines }) => lines.some(({ step }) => step === ref));
  if (stage === undefined || isEngineError(error, "cancelled")) return error;
  const { base } = stage.image;
  const hint = emulationHint(base === undefined ? stage.platform : normalizePlatform(base.config));
  return hint === undefined ? error : new EngineError("invalid", hint, { cause: error });
}

/** Network and sandbox; that they may be had is known by now. */
function rightsOf({ network, security }: RunOperation, ofBuild: string | undefined): Pick<HostConfig, "NetworkMode" | "Privileged"> {
  const NetworkMode = network === "default" ? (ofBuild ?? "default") : network;
  return { NetworkMode, ...(security === "insecure" ? { Privileged: true } : {}) };
}
