import type { ContainerConfig } from "#spec/docker-api/types.ts";

/** How a container is checked, with Docker's defaults filled in. Times are milliseconds. */
export interface HealthPlan {
  readonly command: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
  readonly retries: number;
}

const SECOND = 1000;
const NANOSECONDS = 1_000_000;
const DEFAULT_SHELL: readonly string[] = ["/bin/sh", "-c"];

/** Undefined for a container without a check: none was asked for, it was turned off, or nobody knows its kind. */
export function healthPlan(config: Pick<ContainerConfig, "Healthcheck" | "Shell">): HealthPlan | undefined {
  const check = config.Healthcheck;
  const command = commandOf(config);
  if (check === undefined || command === undefined) return undefined;
  return {
    command,
    intervalMs: milliseconds(check.Interval, 30 * SECOND),
    timeoutMs: milliseconds(check.Timeout, 30 * SECOND),
    startPeriodMs: milliseconds(check.StartPeriod, 0),
    startIntervalMs: milliseconds(check.StartInterval, 5 * SECOND),
    retries: check.Retries || 3,
  };
}

/** The kind of a check that is none of Docker's; undefined when all is well. */
export function unknownCheck({ Healthcheck }: Pick<ContainerConfig, "Healthcheck">): string | undefined {
  const [kind = ""] = Healthcheck?.Test ?? [];
  return ["", "NONE", "CMD", "CMD-SHELL"].includes(kind) ? undefined : kind;
}

function commandOf({ Healthcheck, Shell = [] }: Pick<ContainerConfig, "Healthcheck" | "Shell">): readonly string[] | undefined {
  const [kind, ...words] = Healthcheck?.Test ?? [];
  if (kind === "CMD") return words;
  return kind === "CMD-SHELL" ? [...(Shell.length > 0 ? Shell : DEFAULT_SHELL), ...words] : undefined;
}

/** Zero and absent both mean the default. */
function milliseconds(nanoseconds: number | undefined, usual: number): number {
  return nanoseconds ? nanoseconds / NANOSECONDS : usual;
}
