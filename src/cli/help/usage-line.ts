import type { Command } from "../command.ts";

/** `Usage:  dhow ps [OPTIONS]`. */
export function usageLine(name: string, command: Command): string {
  return ["Usage:  dhow", name, "[OPTIONS]", command.arguments.usage].filter((part) => part !== "").join(" ");
}
