import { formatPlatform } from "#spec/platform.ts";
import type { ArgInstruction } from "../instructions/instruction.ts";
import { located } from "../parser/fault.ts";
import { expandWord, type Variables } from "../words/expand.ts";
import { newBudget } from "../words/shell-pattern.ts";
import type { PlanOptions } from "./plan.ts";

/** Variables of the FROM lines, in the order in which they came. */
export type GlobalArgs = ReadonlyMap<string, string>;

/** Known to every file without an ARG before the first FROM; a stage still has to name them. */
function predefined(options: PlanOptions, targetName: string): Map<string, string> {
  const { buildPlatform: build, targetPlatform: target } = options;
  const values = {
    BUILDPLATFORM: formatPlatform(build),
    BUILDOS: build.os,
    BUILDOSVERSION: "",
    BUILDARCH: build.architecture,
    BUILDVARIANT: build.variant ?? "",
    TARGETPLATFORM: formatPlatform(target),
    TARGETOS: target.os,
    TARGETOSVERSION: "",
    TARGETARCH: target.architecture,
    TARGETVARIANT: target.variant ?? "",
    TARGETSTAGE: targetName || "default",
  };
  return new Map(Object.entries(values).map(([name, value]) => [name, buildArg(options, name) ?? value]));
}

/** What `--build-arg` says of a name. */
export function buildArg(options: Pick<PlanOptions, "buildArgs">, name: string): string | undefined {
  return Object.hasOwn(options.buildArgs, name) ? (options.buildArgs[name] ?? undefined) : undefined;
}

/** The global scope: platforms, then each ARG before the first FROM, which sees those before it. @throws DockerfileFault */
export function globalScope(args: readonly ArgInstruction[], options: PlanOptions, targetName: string, escape: "\\" | "`"): GlobalArgs {
  const scope = predefined(options, targetName);
  const budget = newBudget();
  for (const instruction of args) {
    for (const { name, value } of instruction.args) {
      const given = buildArg(options, name);
      const own = (): string | undefined =>
        value === undefined ? undefined : expandWord(value, (variable) => scope.get(variable), { escape, budget }).text;
      const held = given ?? located(instruction.range, own);
      if (held !== undefined) scope.set(name, held);
    }
  }
  return scope;
}

export function variablesOf(values: ReadonlyMap<string, string>): Variables {
  return (name) => values.get(name);
}

const PROXIES: ReadonlySet<string> = new Set(["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"]);

/**
 * Proxies given by `--build-arg` hold for every RUN without an ARG, under both spellings, and are part of no cache key: they say how
 * the network is reached, not what is built.
 */
export function proxyEnv(options: PlanOptions): readonly string[] {
  const found = new Map<string, string>();
  for (const name of Object.keys(options.buildArgs).toSorted()) {
    const value = buildArg(options, name);
    if (PROXIES.has(name.toLowerCase()) && value !== undefined) found.set(name.toLowerCase(), value);
  }
  return [...found].flatMap(([name, value]) => [`${name.toUpperCase()}=${value}`, `${name}=${value}`]);
}
