import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { Logger } from "#lib/logger.ts";
import type { KeyedMutex } from "#lib/keyed-mutex.ts";
import type { Drivers } from "../driver/drivers.ts";
import type { VolumeHold, VolumeStore } from "../volume-store.ts";
import type { Volume } from "../volume.ts";

export interface HoldsDeps {
  readonly store: VolumeStore;
  readonly drivers: Drivers;
  readonly locks: KeyedMutex;
  readonly logger: Logger;
}

/**
 * Who has which volume mounted. It is written down before a driver is asked, and struck off after it let go: a daemon that is killed in
 * between leaves a note, never a mount that nobody knows of. Volumes that are plain folders are not among them.
 */
export class VolumeHolds {
  readonly #deps: HoldsDeps;
  readonly #holders = new Map<string, Map<string, VolumeHold>>();

  constructor(deps: HoldsDeps) {
    this.#deps = deps;
    for (const hold of deps.store.holds()) this.#holdersOf(hold.volume).set(hold.holder, hold);
  }

  /** For a caller that has the volume's lock. @returns where it is. */
  async mount(volume: Volume, holder: string): Promise<string> {
    const holders = this.#holdersOf(volume.name);
    if (holders.has(holder)) await this.#letGo(volume, holder);
    const isFirst = holders.size === 0;
    this.#note({ volume: volume.name, holder, path: "" });
    try {
      const path = await (await this.#deps.drivers.of(volume)).mount(volume, holder, isFirst);
      this.#note({ volume: volume.name, holder, path });
      return path;
    } catch (error) {
      this.#strike(volume.name, holder);
      throw error;
    }
  }

  /** Lets go of all that a holder has. A driver that does not answer is told of in the log: its volume counts as given back. */
  async release(holder: string): Promise<void> {
    for (const hold of this.#all().filter((candidate) => candidate.holder === holder)) await this.#release(hold);
  }

  /** One of them; for a caller that has the volume's lock. */
  async giveBack(volume: Volume, holder: string): Promise<void> {
    try {
      await this.#letGo(volume, holder);
    } finally {
      this.#strike(volume.name, holder);
    }
  }

  /** What the daemon before this one left to holders that are no more. Goes on behind: whoever wants such a volume waits for its lock. */
  releaseStale(holders: ReadonlySet<string>): void {
    for (const hold of this.#all().filter(({ holder }) => !holders.has(holder))) void this.#release(hold);
  }

  /** Undefined when he does not have it. */
  pathOf(volume: string, holder: string): string | undefined {
    return this.#holders.get(volume)?.get(holder)?.path;
  }

  /** Where it is mounted, for whoever; undefined while it is not. */
  pathOfAny(volume: string): string | undefined {
    return this.#holders
      .get(volume)
      ?.values()
      .find(({ path }) => path !== "")?.path;
  }

  /** @throws EngineError `conflict` while somebody has it. */
  requireFree(volume: string): void {
    const holders = [...(this.#holders.get(volume)?.keys() ?? [])];
    if (holders.length > 0) throw new EngineError("conflict", `remove ${volume}: volume is in use - [${holders.join(", ")}]`);
  }

  async #release(hold: VolumeHold): Promise<void> {
    const { volume: name, holder } = hold;
    await this.#deps.locks.run(name, async () => {
      // A holder of that name may have come again.
      if (this.#holders.get(name)?.get(holder) !== hold) return;
      const volume = this.#deps.store.get(name);
      try {
        if (volume !== undefined) await this.#letGo(volume, holder);
      } catch (error) {
        this.#deps.logger.error({ volume: name, holder, error: messageOf(error) }, "a volume could not be given back to its driver");
      }
      this.#strike(name, holder);
    });
  }

  async #letGo(volume: Volume, holder: string): Promise<void> {
    const holders = this.#holdersOf(volume.name);
    await (await this.#deps.drivers.of(volume)).unmount(volume, holder, holders.size === 1);
  }

  #all(): VolumeHold[] {
    return this.#holders
      .values()
      .flatMap((holders) => holders.values())
      .toArray();
  }

  #holdersOf(volume: string): Map<string, VolumeHold> {
    const holders = this.#holders.get(volume) ?? new Map<string, VolumeHold>();
    this.#holders.set(volume, holders);
    return holders;
  }

  #note(hold: VolumeHold): void {
    this.#deps.store.setHold(hold);
    this.#holdersOf(hold.volume).set(hold.holder, hold);
  }

  #strike(volume: string, holder: string): void {
    this.#deps.store.deleteHold({ volume, holder });
    this.#holders.get(volume)?.delete(holder);
    if (this.#holders.get(volume)?.size === 0) this.#holders.delete(volume);
  }
}
