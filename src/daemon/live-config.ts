import type { DaemonConfig } from "#config/daemon-config.ts";

/** The configuration that counts now. Who needs a value that a reload may change asks here each time. */
export class LiveConfig {
  #current: DaemonConfig;

  constructor(initial: DaemonConfig) {
    this.#current = initial;
  }

  get current(): DaemonConfig {
    return this.#current;
  }

  replace(config: DaemonConfig): void {
    this.#current = config;
  }
}
