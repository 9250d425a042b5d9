import type { EventSink } from "#events/contract.ts";
import type { Container } from "./container.ts";

/**
 * Tells the journal what happened to a container. Labels come first, so that one named `exitCode` cannot stand for the real one.
 */
export function emitContainerEvent(
  events: EventSink,
  { id, name, config }: Pick<Container, "id" | "name" | "config">,
  action: string,
  details: Readonly<Record<string, string>> = {},
): void {
  const attributes = Object.assign(Object.create(null) as Record<string, string>, config.Labels, details, {
    image: config.Image ?? "",
    name,
  });
  events.emit({ type: "container", action, id, attributes });
}
