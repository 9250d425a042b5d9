import type { ContainerConfig } from "#spec/docker-api/types.ts";

/** What the engine itself reads of a container's labels. */
export const engineLabels = {
  healthOnFailure: "dhow.health.on-failure",
  restartWithDependencies: "dhow.depends-on.restart",
  bindOwner: "dhow.bind-owner",
  composeProject: "com.docker.compose.project",
  composeService: "com.docker.compose.service",
  composeOneOff: "com.docker.compose.oneoff",
  composeDependsOn: "com.docker.compose.depends_on",
} as const;

const NAMES: ReadonlySet<string> = new Set(Object.values(engineLabels));

/**
 * Of a create's own labels, those that the engine acts on. An image's, but for dhow.*, are merged into the same map and shown like them, and must not
 * tell the engine anything: whoever publishes an image would decide what is restarted (compare CVE-2026-53488).
 */
export function engineLabelsOf({ Labels = {} }: Pick<ContainerConfig, "Labels">): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(Labels).filter(([name]) => NAMES.has(name)));
}
