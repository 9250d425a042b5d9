/**
 * Which folder of src/ may import which: the walls of the house (docs/architecture.md), as data. The linter reads it
 * (oxlint.config.ts) and test/architecture.test.ts proves that it bites.
 */
export const layers: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  lib: [],
  spec: ["lib", "errors"],
  sys: ["lib", "errors"],
  http: ["lib", "errors"],
  store: ["lib", "errors", "spec", "sys"],
  runtime: ["lib", "errors", "spec", "sys"],
  events: ["lib", "errors", "spec", "sys", "store"],
  logs: ["lib", "errors", "spec", "sys", "http", "store"],
  image: ["lib", "errors", "spec", "sys", "http", "store", "runtime", "events", "logs"],
  container: ["lib", "errors", "spec", "sys", "http", "store", "runtime", "events", "logs"],
  network: ["lib", "errors", "spec", "sys", "http", "store", "runtime", "events", "logs"],
  volume: ["lib", "errors", "spec", "sys", "http", "store", "runtime", "events", "logs"],
  distribution: ["lib", "errors", "spec", "sys", "http", "store", "runtime", "events", "logs"],
  trust: ["lib", "errors", "spec"],
  build: ["lib", "errors", "spec", "sys", "http", "store", "runtime", "events", "logs"],
  engine: [
    "lib",
    "errors",
    "spec",
    "sys",
    "http",
    "store",
    "runtime",
    "events",
    "logs",
    "image",
    "container",
    "network",
    "volume",
    "distribution",
    "trust",
    "build",
  ],
  api: ["lib", "errors", "spec", "http"],
  registry: ["lib", "errors", "spec", "http", "store"],
  client: ["lib", "errors", "spec", "http"],
  cli: ["lib", "errors", "spec", "client"],
  embed: ["lib", "errors", "spec", "client"],
  config: ["lib", "errors", "spec"],
};

/** Folders that may be imported for their types alone. */
export const typeOnlyLayers: Readonly<Record<string, readonly string[]>> = {
  api: ["image", "container", "network", "volume", "distribution", "trust", "build", "engine", "events", "logs", "runtime"],
};
