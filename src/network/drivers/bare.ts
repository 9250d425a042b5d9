import type { NetworkDriver } from "./contract.ts";

/** Both drivers make nothing on the host: what they are is the namespace that a container gets. */
function bare(name: "host" | "null", namespace: NetworkDriver["namespace"]): NetworkDriver {
  return {
    name,
    namespace,
    up: async () => {},
    down: async () => {},
    reserve: () => undefined,
    adopt() {},
    free() {},
    join: async () => {},
    leave: async () => {},
    usage: () => ({}),
    linkOf: () => undefined,
    rules: () => undefined,
  };
}

/** The host's own network, shared as it is. */
export const hostDriver = bare("host", "host");

/** A namespace of the container's own with nothing but loopback in it. */
export const nullDriver = bare("null", "own");
