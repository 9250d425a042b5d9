import { matchesAny, matchesLabels, type Filters } from "#spec/filters/filters.ts";
import type { EngineEvent } from "./contract.ts";

/** Filters that name an object of one type, by id or name or the start of either. */
const OBJECT_KEYS = ["config", "container", "daemon", "network", "node", "plugin", "secret", "service", "volume"];

/** These actions carry details after a colon, and are asked for without (`health_status: healthy`). */
const DETAILED = ["health_status", "health_on_failure", "exec_create", "exec_start"];

/** Whether a subscriber with these filters wants the event: every key has to match, by one of its values. */
export function matchesEvent(filters: Filters, event: EngineEvent): boolean {
  return (
    matchesAny(filters, "type", (type) => type === event.type) &&
    matchesAny(filters, "event", (action) => matchesAction(action, event.action)) &&
    matchesAny(filters, "scope", (scope) => scope === "local") &&
    matchesAny(filters, "image", (image) => matchesImage(image, event)) &&
    OBJECT_KEYS.every((key) => matchesAny(filters, key, (value) => matchesObject(key, value, event))) &&
    matchesLabels(filters, event.attributes)
  );
}

function matchesAction(wanted: string, action: string): boolean {
  return wanted === action || (DETAILED.includes(wanted) && action.startsWith(`${wanted}:`));
}

function matchesObject(type: string, value: string, event: EngineEvent): boolean {
  return event.type === type && (event.id.startsWith(value) || (event.attributes["name"] ?? "").startsWith(value));
}

/** Events of the image itself, and of containers made from it; with or without the tag. */
function matchesImage(value: string, event: EngineEvent): boolean {
  const name = (event.type === "image" ? event.attributes["name"] : event.attributes["image"]) ?? "";
  return [event.id, name].some((candidate) => candidate !== "" && (candidate === value || withoutTag(candidate) === value));
}

function withoutTag(reference: string): string {
  const colon = reference.lastIndexOf(":");
  return colon > reference.lastIndexOf("/") ? reference.slice(0, colon) : reference;
}
