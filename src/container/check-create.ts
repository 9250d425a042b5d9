import { posix } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import type { ContainerConfig, HealthConfig, HostConfig } from "#spec/docker-api/types.ts";
import { joinedContainer } from "./network-request.ts";
import { checkRestartPolicy, isRestarting } from "./restart-policy.ts";
import { parseSignal } from "./signals.ts";

/** sethostname(2) takes no more. */
const LONGEST_HOSTNAME = 64;
const LEAST_INTERVAL = 1_000_000;

/**
 * Checks what a user asks for as far as it needs no host and no image, with Docker's texts.
 *
 * @throws EngineError `invalid`.
 */
export function checkCreate(config: ContainerConfig, hostConfig: HostConfig): void {
  checkEnv(config.Env ?? []);
  checkHostname("hostname", config.Hostname ?? "");
  checkHostname("domainname", config.Domainname ?? "");
  if (config.StopSignal) parseSignal(config.StopSignal);
  if (config.WorkingDir && !posix.isAbsolute(config.WorkingDir)) {
    throw invalid(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  if (config.Healthcheck !== undefined) checkHealthcheck(config.Healthcheck);
  checkRestartPolicy(hostConfig.RestartPolicy ?? {});
  if (hostConfig.AutoRemove === true && isRestarting(hostConfig)) {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
  checkLogDriver(hostConfig.LogConfig?.Type);
  checkNetworkMode(config, hostConfig);
}

/** `local` keeps its records as json-file does here: in the monitor's own format, which neither name promises. */
const LOG_DRIVERS: readonly (string | undefined)[] = [undefined, "", "json-file", "local", "none"];

function checkLogDriver(driver: string | undefined): void {
  if (!LOG_DRIVERS.includes(driver)) throw invalid(`logger: no log driver named '${driver}' is registered`);
}

function checkEnv(env: readonly string[]): void {
  const wrong = env.find((variable) => variable === "" || variable.startsWith("=") || variable.includes("\0"));
  if (wrong !== undefined) throw invalid(`invalid environment variable: ${wrong}`);
}

/** It is written into /etc/hosts and /etc/hostname: no white space, no control characters. */
function checkHostname(field: string, name: string): void {
  if (name.length > LONGEST_HOSTNAME) throw invalid(`invalid ${field}: more than ${LONGEST_HOSTNAME} characters`);
  if (!/^[\w.-]*$/.test(name)) throw invalid(`invalid ${field}: ${JSON.stringify(name)}`);
}

function checkHealthcheck(check: HealthConfig): void {
  for (const field of ["Interval", "Timeout", "StartPeriod", "StartInterval"] as const) {
    const value = check[field] ?? 0;
    if (value !== 0 && value < LEAST_INTERVAL) throw invalid(`${field} in Healthcheck cannot be less than 1ms`);
  }
  if ((check.Retries ?? 0) < 0) throw invalid("Retries in Healthcheck cannot be negative");
}

/** What makes no sense with a network, or a name, that is another's. */
function checkNetworkMode(config: ContainerConfig, hostConfig: HostConfig): void {
  const conflict = (what: string): EngineError => invalid(`conflicting options: ${what}`);
  if (config.Hostname && hostConfig.UTSMode === "host") throw conflict("hostname and the UTS mode");
  const isEmpty = (list: readonly unknown[] | undefined): boolean => list === undefined || list.length === 0;
  const joins = joinedContainer(hostConfig.NetworkMode) !== undefined;
  if (!joins) return;
  if (config.Hostname) throw conflict("hostname and the network mode");
  if (!isEmpty(hostConfig.Links))
    throw conflict("container type network can't be used with links. This would result in undefined behavior");
  if (!isEmpty(hostConfig.Dns)) throw conflict("dns and the network mode");
  if (!isEmpty(hostConfig.ExtraHosts)) throw conflict("custom host-to-IP mapping and the network mode");
  if (hostConfig.PublishAllPorts === true || Object.keys(hostConfig.PortBindings ?? {}).length > 0) {
    throw conflict("port publishing and the container type network mode");
  }
  if (Object.keys(config.ExposedPorts ?? {}).length > 0) throw conflict("port exposing and the container type network mode");
}

function invalid(message: string): EngineError {
  return new EngineError("invalid", message);
}
