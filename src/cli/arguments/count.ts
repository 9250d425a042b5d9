import type { CommandArguments } from "../command.ts";
import { UsageError } from "./usage-error.ts";

/** @throws UsageError with Docker's text, when there are too few or too many. */
export function checkCount(program: string, { least, most }: CommandArguments, words: readonly string[]): void {
  if (words.length >= least && words.length <= most) return;
  throw new UsageError(`'${program}' ${wanted(least, most)}`, 1);
}

function wanted(least: number, most: number): string {
  if (most === 0) return "accepts no arguments";
  if (least === most) return `requires ${counted(least)}`;
  return most === Number.POSITIVE_INFINITY ? `requires at least ${counted(least)}` : `requires at most ${counted(most)}`;
}

const counted = (count: number): string => `${count} argument${count === 1 ? "" : "s"}`;
