import type { HealthConfig } from "#spec/docker-api/types.ts";
import { readInteger } from "../../arguments/flag.ts";
import { duration } from "../flag-values.ts";
import type { CreateRequest } from "../request.ts";
import { runFlag, runToggle, type RunFlags } from "../run-flag.ts";

/** How it is found out whether the container is well. */
export const healthFlags: RunFlags = {
  "health-cmd": runFlag({ help: "Command to run to check health" }, (text) => ["CMD-SHELL", text], health("Test")),
  "health-interval": runFlag(time("Time between running the check"), duration, health("Interval")),
  "health-retries": runFlag({ value: "int", help: "Consecutive failures needed to report unhealthy" }, readInteger, health("Retries")),
  "health-start-interval": runFlag(time("Time between running the check during the start period"), duration, health("StartInterval")),
  "health-start-period": runFlag(
    time("Start period for the container to initialize before starting health-retries countdown"),
    duration,
    health("StartPeriod"),
  ),
  "health-timeout": runFlag(time("Maximum time to allow one check to run"), duration, health("Timeout")),
  "no-healthcheck": runToggle("Disable any container-specified HEALTHCHECK", ({ config }, on) => {
    if (on) config.Healthcheck = { Test: ["NONE"] };
  }),
};

function time(help: string): { value: string; help: string } {
  return { value: "duration", help: `${help} (ms|s|m|h)` };
}

function health<K extends keyof HealthConfig>(key: K): (request: CreateRequest, value: NonNullable<HealthConfig[K]>) => void {
  return ({ config }, value) => void (config.Healthcheck = { ...config.Healthcheck, [key]: value });
}
