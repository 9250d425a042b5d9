import { workdirKey } from "../cache/keys.ts";
import { workdirInputs } from "../explain/inputs.ts";
import type { StepRef, WorkdirOperation } from "../plan/plan.ts";
import { cachedLayer } from "./layer/cached.ts";
import { copyOwner } from "./copy/owner.ts";
import type { Execution, StepOutcome } from "./execution-context.ts";
import { makeLayer, newWritableId } from "./layer/make.ts";
import { layersOf, step } from "./results.ts";

/** WORKDIR: the folder is there afterwards. */
export async function runWorkdir(execution: Execution, ref: StepRef, operation: WorkdirOperation, title: string): Promise<StepOutcome> {
  const root = layersOf(await execution.result(operation.root));
  const { threads, signal, epoch } = execution;
  const work = async (mounted: string): Promise<void> => {
    const looks = { owner: copyOwner(mounted, operation.user), chmod: undefined, time: epoch };
    await threads.makeFolders({ root: mounted, path: operation.path, ...looks }, signal);
  };
  const identity = step(execution, new Map([[operation.root, root]]));
  return await cachedLayer(execution, root, {
    quick: undefined,
    explained: {
      ref,
      base: operation.root,
      inputs: async () => await Promise.resolve(workdirInputs(operation, identity.identity(operation.root))),
    },
    key: async () => await Promise.resolve(workdirKey(operation, identity)),
    description: title,
    make: async () =>
      await execution.slots.run(signal, async () => await makeLayer(execution, root, { id: newWritableId(), remapped: false, work })),
  });
}
