import { rm } from "node:fs/promises";
import { EngineError } from "#errors/engine-error.ts";
import type { ContainerStreams, OutputChunk, ProcessExit } from "#runtime/contract.ts";
import type { ContainerContext } from "../deps.ts";
import { containerPaths } from "../record/paths.ts";
import { launch } from "../run/launch.ts";
import { releaseRun } from "../run/release-run.ts";
import { stepContainer, type Step } from "./step-container.ts";

const SIGKILL = 9;

/**
 * Runs a step to its end, in the sandbox that every container has. There is no record of it: what is left of one when the daemon is killed,
 * its process too, the next start removes as what nobody knows (restore/orphans.ts). Its root stays mounted, and is the caller's.
 *
 * @param onOutput told of what it writes; it waits while that does.
 * @throws EngineError as the start of a container does; `cancelled` when the signal came, and then nothing of it runs any more.
 */
export async function runStep(
  deps: ContainerContext,
  step: Step,
  onOutput: (chunk: OutputChunk) => void | Promise<void>,
  signal: AbortSignal,
): Promise<ProcessExit> {
  const container = stepContainer(deps, step);
  deps.sandbox.check(container.config, container.hostConfig);
  const attached: { streams?: ContainerStreams } = {};
  const attachments = {
    connect: async (_: string, attach: () => Promise<ContainerStreams>): Promise<void> => {
      attached.streams = await attach();
    },
  };
  try {
    signal.throwIfAborted();
    await launch({ ...deps, attachments, closing: AbortSignal.any([deps.closing, signal]) }, container);
    return await follow(deps, step.id, attached.streams, onOutput, signal);
  } catch (error) {
    throw signal.aborted ? new EngineError("cancelled", "the build was cancelled", { cause: error }) : error;
  } finally {
    attached.streams?.close();
    await release(deps, step.id);
  }
}

/** What the sandbox and the network say against a step's limits, before anything is run. @throws EngineError `invalid`, `not-found`. */
export function checkStep(deps: ContainerContext, step: Step): readonly string[] {
  const { config, hostConfig } = stepContainer(deps, step);
  return deps.sandbox.check(config, hostConfig);
}

async function follow(
  { runtime }: ContainerContext,
  id: string,
  streams: ContainerStreams | undefined,
  onOutput: (chunk: OutputChunk) => void | Promise<void>,
  signal: AbortSignal,
): Promise<ProcessExit> {
  const kill = (): void => void runtime.kill(id, SIGKILL, "all").catch(() => undefined);
  signal.addEventListener("abort", kill, { once: true });
  try {
    if (signal.aborted) kill();
    for await (const chunk of streams?.output ?? []) if (!signal.aborted) await onOutput(chunk);
    const exit = await runtime.exited(id);
    signal.throwIfAborted();
    return exit;
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

/** Waits for all of it: what the step wrote is about to be read. */
async function release(deps: ContainerContext, id: string): Promise<void> {
  await releaseRun(deps, id, { keepRoot: true });
  await deps.background.idle(id);
  await rm(containerPaths(deps.options.instance, id).folder, { recursive: true, force: true });
}
