import { EngineError } from "#errors/engine-error.ts";
import type { ContainerConfig, HealthConfig, HostConfig } from "#spec/docker-api/types.ts";

const RESTART_POLICIES = ["", "no", "always", "on-failure", "unless-stopped"];
/** Nanoseconds. */
const MILLISECOND = 1e6;

/** When a container starts again and how its health is asked for. @throws EngineError `invalid` with dockerd's texts. */
export function validateLifecycle(config: ContainerConfig, hostConfig: HostConfig): void {
  for (const problem of [...restartProblems(hostConfig), ...healthProblems(config.Healthcheck ?? {})])
    throw new EngineError("invalid", problem);
  if ((config.StopTimeout ?? 0) < -1) throw new EngineError("invalid", `invalid stop timeout: ${config.StopTimeout}`);
}

function* restartProblems({ RestartPolicy, AutoRemove }: HostConfig): Generator<string> {
  const name: string = RestartPolicy?.Name ?? "";
  const retries = RestartPolicy?.MaximumRetryCount ?? 0;
  if (AutoRemove === true && name !== "" && name !== "no") yield "can't create 'AutoRemove' container with restart policy";
  if (!RESTART_POLICIES.includes(name)) {
    yield `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`;
  }
  if (retries !== 0 && name !== "on-failure") yield "invalid restart policy: maximum retry count can only be used with 'on-failure'";
  if (retries < 0) yield "invalid restart policy: maximum retry count cannot be negative";
}

function* healthProblems(health: HealthConfig): Generator<string> {
  for (const field of ["Interval", "Timeout", "StartPeriod", "StartInterval"] as const) {
    const value = health[field] ?? 0;
    if (value !== 0 && value < MILLISECOND) yield `${field} in Healthcheck cannot be less than 1ms`;
  }
  if ((health.Retries ?? 0) < 0) yield "Retries in Healthcheck cannot be negative";
}
