/** What `GET /events` takes; the kinds of object that only a swarm has match nothing here. */
export const eventFilterKeys: readonly string[] = [
  "config",
  "container",
  "daemon",
  "event",
  "image",
  "label",
  "network",
  "node",
  "plugin",
  "scope",
  "secret",
  "service",
  "type",
  "volume",
];
