import { EngineError, isEngineError } from "#errors/engine-error.ts";
import type { Plugins } from "../plugin/plugins.ts";
import { DRIVER, shortName, type Volume } from "../volume.ts";
import type { VolumeDriver } from "./contract.ts";
import type { LocalDriver } from "./local.ts";

/** Who keeps volumes, by name: the engine itself, or a plugin. */
export class Drivers {
  readonly local: LocalDriver;
  readonly plugins: Plugins;

  constructor(local: LocalDriver, plugins: Plugins) {
    this.local = local;
    this.plugins = plugins;
  }

  /** @throws EngineError `not-found` with dockerd's text, `unavailable`. */
  async named(driver: string, volume: string): Promise<VolumeDriver> {
    if (driver === "" || driver === DRIVER) return this.local;
    try {
      return await this.plugins.driver(driver);
    } catch (cause) {
      if (!isEngineError(cause, "not-found")) throw cause;
      throw new EngineError("not-found", `create ${shortName(volume)}: error looking up volume plugin ${driver}: ${cause.message}`, {
        cause,
      });
    }
  }

  async of(volume: Pick<Volume, "driver" | "name">): Promise<VolumeDriver> {
    return await this.named(volume.driver, volume.name);
  }
}
