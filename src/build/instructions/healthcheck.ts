import { parseDuration } from "#lib/duration.ts";
import { Refusal } from "../parser/fault.ts";
import { readFlags, type Flags } from "./flags.ts";
import type { Command, HealthcheckInstruction } from "./instruction.ts";
import { commandOf, written, type Reading } from "./reading.ts";

const FLAGS = { interval: "text", timeout: "text", "start-period": "text", "start-interval": "text", retries: "text" } as const;
const NO_TIMES = { interval: undefined, timeout: undefined, startPeriod: undefined, startInterval: undefined, retries: undefined };
/** Of intervals, in nanoseconds: a millisecond. */
const SHORTEST = 1_000_000n;

/** @throws Refusal */
export function readHealthcheck({ node }: Reading): HealthcheckInstruction {
  const [, type = "", rest = ""] = /^(\S*)\s*(.*)$/s.exec(node.rest) ?? [];
  if (type === "") throw new Refusal("HEALTHCHECK requires at least one argument");
  const isNone = type.toUpperCase() === "NONE";
  // Intervals of NONE are nobody's, and are taken.
  const flags = readFlags(node.flags, FLAGS);
  if (isNone) return { kind: "healthcheck", ...written(node), test: none(rest), ...NO_TIMES };
  return {
    kind: "healthcheck",
    ...written(node),
    test: test(type, rest),
    interval: duration(flags, "interval"),
    timeout: duration(flags, "timeout"),
    startPeriod: duration(flags, "start-period"),
    startInterval: duration(flags, "start-interval"),
    retries: retries(flags.text("retries")),
  };
}

function none(rest: string): { readonly form: "none" } {
  if (rest !== "") throw new Refusal("HEALTHCHECK NONE takes no arguments");
  return { form: "none" };
}

function test(type: string, rest: string): Command {
  if (type.toUpperCase() !== "CMD") throw new Refusal(`Unknown type ${JSON.stringify(type.toUpperCase())} in HEALTHCHECK (try CMD)`);
  const command = commandOf({ rest });
  const isEmpty = command.form === "exec" ? command.words.length === 0 : command.text === "";
  if (isEmpty) throw new Refusal("Missing command after HEALTHCHECK CMD");
  return command;
}

function duration(flags: Flags, name: string): number | undefined {
  const text = flags.text(name);
  if (text === undefined || text === "") return undefined;
  const value = parseDuration(text);
  if (value === undefined) throw new Refusal(`time: invalid duration ${JSON.stringify(text)} of --${name}`);
  if (value === 0n) return undefined;
  if (value < SHORTEST) throw new Refusal(`Interval ${JSON.stringify(name)} cannot be less than 1ms`);
  return Number(value);
}

function retries(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^[+-]?\d{1,10}$/.test(text) || Number(text) > 0x7fff_ffff) throw new Refusal(`invalid value ${JSON.stringify(text)} of --retries`);
  if (Number(text) < 0) throw new Refusal(`--retries cannot be negative (${text})`);
  return Number(text) === 0 ? undefined : Number(text);
}
