import type { EngineEvent } from "#events/contract.ts";
import { compareApiVersions, type ApiVersion } from "#spec/api-version.ts";
import type { EventMessage } from "#spec/docker-api/types.ts";

/** Up to 1.51 the answer repeats some fields under names of before 1.22, which docker's own CLI read until 2023. */
const WITHOUT_OLD_NAMES: ApiVersion = [1, 52];

/**
 * An event as a line of JSON. `timeNano` is beyond what a JavaScript number holds exactly, and clients ask for what came since it:
 * its digits are written out.
 */
export function eventLine(event: EngineEvent, apiVersion: ApiVersion): string {
  const message: EventMessage = {
    Type: event.type,
    Action: event.action,
    Actor: { ID: event.id, Attributes: { ...event.attributes } },
    scope: "local",
    time: Number(event.timeNano / 1_000_000_000n),
  };
  const fields = compareApiVersions(apiVersion, WITHOUT_OLD_NAMES) < 0 ? { ...oldNames(event), ...message } : message;
  return `${JSON.stringify(fields).slice(0, -1)},"timeNano":${event.timeNano}}\n`;
}

function oldNames(event: EngineEvent): { status?: string; id?: string; from?: string } {
  switch (event.type) {
    case "container":
      return { status: event.action, id: event.id, from: event.attributes["image"] ?? "" };
    case "image":
      return { status: event.action, id: event.id };
    default:
      return {};
  }
}
