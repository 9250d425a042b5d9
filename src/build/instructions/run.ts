import { Refusal } from "../parser/fault.ts";
import { readFlags } from "./flags.ts";
import type { NetworkMode, RunDevice, RunInstruction, SecurityMode } from "./instruction.ts";
import { mountWords } from "./mount.ts";
import { commandOf, written, type Reading } from "./reading.ts";
import { didYouMean } from "./suggest.ts";

const NETWORKS: readonly NetworkMode[] = ["default", "none", "host"];
const SECURITY: readonly SecurityMode[] = ["sandbox", "insecure"];

/** @throws Refusal */
export function readRun({ node }: Reading): RunInstruction {
  const flags = readFlags(node.flags, { mount: "texts", network: "text", security: "text", device: "texts" });
  return {
    kind: "run",
    ...written(node),
    command: commandOf(node),
    heredocs: node.heredocs,
    mounts: flags.texts("mount").map(mountWords),
    network: choice("network mode", flags.text("network"), NETWORKS),
    security: choice("security mode", flags.text("security"), SECURITY),
    devices: flags.texts("device").map(deviceOf),
  };
}

function choice<T extends string>(what: string, value: string | undefined, known: readonly [T, ...T[]] | readonly T[]): T {
  const found = known.find((candidate) => candidate === (value ?? known[0])?.toLowerCase());
  if (found === undefined) {
    throw new Refusal(`unsupported ${what} ${JSON.stringify(value)}${didYouMean(value ?? "", known)}`);
  }
  return found;
}

/** `vendor/class=name`, or `name=…,required`. */
function deviceOf(text: string): RunDevice {
  let name: string | undefined;
  let required = false;
  for (const field of text.split(",")) {
    const [, key = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(field) ?? [];
    if (key === "required") required = requiredOf(value);
    else if (key === "name" && value !== undefined) name = value;
    else if (name === undefined && key !== "") name = field;
    else throw new Refusal(`unexpected key '${key}' in '${field}'`);
  }
  if (name === undefined || name === "") throw new Refusal("a device of RUN needs a name");
  return { name, required };
}

function requiredOf(value: string | undefined): boolean {
  if (value === undefined) return true;
  if (!/^(?:1|0|t|f|true|false)$/i.test(value)) throw new Refusal(`invalid value for required: ${value}`);
  return /^[1t]/i.test(value);
}
