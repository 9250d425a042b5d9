import { EngineError } from "#errors/engine-error.ts";
import type { ContainerConfig, HealthConfig, HostConfig } from "#spec/docker-api/types.ts";
import { networkRateOf } from "#spec/network/rate.ts";
import { joinedContainer } from "./network-request.ts";
import { checkRestartPolicy, isRestarting } from "../restart/restart-policy.ts";

const LEAST_INTERVAL = 1_000_000;

/**
 * Checks what a user asks for as far as it needs neither host nor image, with Docker's texts; runtime/oci checks the rest.
 *
 * @throws EngineError `invalid`.
 */
export function checkCreate(config: ContainerConfig, hostConfig: HostConfig): void {
  if (config.Healthcheck !== undefined) checkHealthcheck(config.Healthcheck);
  checkRestartPolicy(hostConfig.RestartPolicy ?? {});
  if (hostConfig.AutoRemove === true && isRestarting(hostConfig)) {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
  checkNetworkMode(config, hostConfig);
  checkNetworkRate(config, hostConfig);
}

/** Only a network of its own can be limited: another's is limited there, the host's is everybody's. */
export function checkNetworkRate({ Labels, NetworkDisabled }: ContainerConfig, { NetworkMode: mode = "" }: HostConfig): void {
  if (networkRateOf(Labels) === undefined) return;
  const shared = mode === "host" || mode === "none" || joinedContainer(mode) !== undefined;
  if (shared || NetworkDisabled === true) {
    throw invalid(`a network rate needs a network of the container's own: the network mode is ${shared ? mode : "none"}`);
  }
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
