import type { BuildPlan, Operation, PlannedMount, PlannedStage, Step } from "../plan.ts";

/** A plan as text, for golden files: digests are left out (bases' ids in them are made up), what they stand for is shown. */
export function printPlan(plan: BuildPlan): string {
  const steps = plan.steps.map((step, index) => `#${index} ${step.title}\n${indented(operationText(step))}`);
  const stages = plan.stages.map((stage) => stageText(stage, stage === plan.target));
  const warnings = plan.warnings.map(({ rule, detail, range }) => `line ${range?.first}: ${rule}: ${detail}`);
  return [...steps, ...stages, ...(warnings.length === 0 ? [] : [`warnings\n${indented(warnings.join("\n"))}`])].join("\n\n") + "\n";
}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}

function operationText({ operation }: Step): string {
  const { kind, ...fields } = operation;
  return [kind, ...Object.entries(fields).flatMap(([name, value]) => field(name, value, operation))].join("\n");
}

function field(name: string, value: unknown, operation: Operation): readonly string[] {
  if (value === undefined || value === false || (Array.isArray(value) && value.length === 0)) return [];
  if (name === "id") return [];
  if (name === "root") return [`root: #${value as number}`];
  if (name === "env") return (value as string[]).filter((entry) => !entry.startsWith("PATH=")).map((entry) => `env: ${entry}`);
  if (name === "mounts" && operation.kind === "run") return operation.mounts.map((mount) => `mount: ${mountText(mount)}`);
  if (name === "sources" && operation.kind === "copy") {
    return operation.sources.map(
      (source) => `source: ${JSON.stringify(source.kind === "files" ? { ...source, from: `#${source.from}` } : source)}`,
    );
  }
  return [`${name}: ${JSON.stringify(value)}`];
}

function mountText(mount: PlannedMount): string {
  const from = "from" in mount && mount.from !== undefined ? { from: `#${mount.from}` } : {};
  return JSON.stringify({ ...mount, ...from });
}

function stageText({ index, name, platform, lines, result, image }: PlannedStage, isTarget: boolean): string {
  const { config, history, author } = image;
  return [
    `stage ${index} ${name ?? "-"} ${platform.os}/${platform.architecture}${isTarget ? " (target)" : ""} = #${result}`,
    ...lines.map(
      (line) => `    ${line.range.first}-${line.range.last} #${line.step} ${line.text}${line.note === undefined ? "" : `  ${line.note}`}`,
    ),
    ...(author === undefined ? [] : [`    author ${author}`]),
    `    config ${JSON.stringify(config)}`,
    ...history.map((line) => `    history ${line.step === undefined ? "-" : `#${line.step}`} ${JSON.stringify(line.createdBy)}`),
  ].join("\n");
}
