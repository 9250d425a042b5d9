import { workdirKey } from "../cache/keys.ts";
import type { WorkdirOperation } from "../plan/plan.ts";
import { cachedLayer } from "./cached-layer.ts";
import { copyOwner } from "./copy-owner.ts";
import type { Execution, StepOutcome } from "./execution-context.ts";
import { makeLayer, newWritableId } from "./make-layer.ts";
import { layersOf, step } from "./results.ts";

/** WORKDIR: the folder is there afterwards. */
export async function runWorkdir(execution: Execution, operation: WorkdirOperation, title: string): Promise<StepOutcome> {
  const root = layersOf(await execution.result(operation.root));
  const { threads, signal, epoch } = execution;
  const work = async (mounted: string): Promise<void> => {
    const looks = { owner: copyOwner(mounted, operation.user), chmod: undefined, time: epoch };
    await threads.makeFolders({ root: mounted, path: operation.path, ...looks }, signal);
  };
  return await cachedLayer(execution, root, {
    quick: undefined,
    key: async () => await Promise.resolve(workdirKey(operation, step(execution, new Map([[operation.root, root]])))),
    description: title,
    make: async () =>
      await execution.slots.run(signal, async () => await makeLayer(execution, root, { id: newWritableId(), remapped: false, work })),
  });
}
