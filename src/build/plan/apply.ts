import type { StageInstruction } from "../instructions/instruction.ts";
import { Refusal } from "../parser/fault.ts";
import * as config from "./apply-config.ts";
import { applyRun, type TreeOf } from "./apply-run.ts";
import { applyTransfer } from "./apply-transfer.ts";
import { plainList } from "./history.ts";
import { atPlace } from "./stage-graph.ts";
import type { StageDraft } from "./stage-draft.ts";

/** Lets an instruction act on its stage. @throws DockerfileFault */
export function applyInstruction(draft: StageDraft, instruction: StageInstruction, treeOf: TreeOf): void {
  atPlace(instruction, () => {
    act(draft, instruction, treeOf);
    if (draft.hasTooManyLayers) throw new Refusal("the image would have more than 500 layers, which is more than can be stacked");
  });
}

function act(draft: StageDraft, instruction: StageInstruction, treeOf: TreeOf): void {
  switch (instruction.kind) {
    case "add":
    case "copy":
      return applyTransfer(draft, instruction, treeOf);
    case "arg":
      return config.applyArg(draft, instruction);
    case "cmd":
      return config.applyCmd(draft, instruction);
    case "entrypoint":
      return config.applyEntrypoint(draft, instruction);
    case "env":
      return config.applyEnv(draft, instruction);
    case "expose":
      return config.applyExpose(draft, instruction);
    case "healthcheck":
      return config.applyHealthcheck(draft, instruction);
    case "label":
      return config.applyLabel(draft, instruction);
    case "maintainer":
      draft.author = instruction.name;
      return draft.note(`MAINTAINER ${instruction.name}`);
    case "onbuild":
      // No line of history: what a trigger does, it does in another image.
      draft.config.OnBuild = [...(draft.config.OnBuild ?? []), instruction.trigger];
      return;
    case "run":
      return applyRun(draft, instruction, treeOf);
    case "shell":
      draft.config.Shell = instruction.words;
      return draft.note(`SHELL ${plainList(instruction.words)}`);
    case "stopsignal":
      return config.applyStopsignal(draft, draft.expand(instruction.signal, instruction));
    case "user":
      return config.applyUser(draft, draft.expand(instruction.user, instruction));
    case "volume":
      return config.applyVolume(draft, instruction);
    case "workdir":
      return config.applyWorkdir(draft, instruction);
  }
}
