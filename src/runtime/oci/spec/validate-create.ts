import type { ContainerConfig, HostConfig } from "#spec/docker-api/types.ts";
import type { HostFacts } from "../spec-input.ts";
import { commandLine } from "./process.ts";
import { validateIdentity } from "./validate/identity.ts";
import { validateLifecycle } from "./validate/lifecycle.ts";
import { validateNetworkOptions } from "./validate/network.ts";
import { validateResources } from "./validate/resources.ts";
import { validateSandbox } from "./validate/sandbox.ts";

/**
 * Refuses at creation what a start would stumble over: pure, and with dockerd's texts where it has any.
 *
 * @param config merged with the image's, except that `Hostname` is the user's own or empty (the mode checks ask whether it was given).
 * @throws EngineError `invalid`.
 */
export function validateCreate(config: ContainerConfig, hostConfig: HostConfig, host: HostFacts): void {
  validateNetworkOptions(config, hostConfig);
  validateIdentity(config);
  commandLine(config);
  validateLifecycle(config, hostConfig);
  validateResources(hostConfig, host);
  validateSandbox(hostConfig, host);
}
