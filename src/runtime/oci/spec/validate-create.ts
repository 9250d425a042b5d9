import type { ContainerConfig, HostConfig } from "#spec/docker-api/types.ts";
import type { HostFacts } from "../spec-input.ts";
import { commandLine } from "./process/process.ts";
import { validateIdentity } from "./validate/identity.ts";
import { validatePorts } from "./validate/ports.ts";
import { validateHugePages } from "./validate/huge-pages.ts";
import { validateResources } from "./validate/resources.ts";
import { validateSandbox } from "./validate/sandbox.ts";

/**
 * Refuses at creation what a start would stumble over: pure, and with dockerd's texts where it has any. The container noun checks
 * before what needs no host: restart policies, and options that contradict the network mode.
 *
 * @param config merged with the image's, which may be odd as well.
 * @throws EngineError `invalid`.
 */
export function validateCreate(config: ContainerConfig, hostConfig: HostConfig, host: HostFacts): void {
  validateIdentity(config);
  commandLine(config);
  validatePorts(config, hostConfig);
  validateResources(hostConfig, host);
  validateHugePages(config, host);
  validateSandbox(hostConfig, host);
}
