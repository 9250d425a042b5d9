import type { Volume, VolumeScope } from "../volume.ts";

/**
 * Who keeps volumes.
 *
 * Vocabulary: a *holder* is one run of a container, or somebody who looks at its files while it does not run. Life story of a volume:
 * `create` → (`mount` by a holder ⇄ `unmount` by it)* → `remove`. A driver answers for itself: one that hangs, dies or says what makes no
 * sense is told apart from a volume that is not there, and every call ends within a bounded time.
 */
export interface VolumeDriver {
  readonly name: string;

  /** Says no to options before anything is made. @throws EngineError `invalid`. */
  check(name: string, options: Volume["options"]): void;

  /** @throws EngineError `unavailable` from a driver that cannot be asked. */
  scope(): Promise<VolumeScope>;

  /** Makes a volume; one that is there already is no error. @throws EngineError `invalid` for options, `unavailable`, `exhausted`. */
  create(name: string, options: Volume["options"]): Promise<void>;

  /**
   * Takes a volume away that nobody holds; missing is no error.
   *
   * @returns a folder whose content is to be deleted, which takes its time; undefined when all is done.
   */
  remove(name: string): Promise<string | undefined>;

  /**
   * Has the volume at hand for a holder, and says where. For one holder twice: the same again.
   *
   * @param isFirst nobody else holds it.
   * @throws EngineError `invalid` for what cannot be mounted, `unavailable`.
   */
  mount(volume: DriverVolume, holder: string, isFirst: boolean): Promise<string>;

  /** @param isLast nobody else holds it. */
  unmount(volume: DriverVolume, holder: string, isLast: boolean): Promise<void>;

  /** Undefined when the driver has none of that name. */
  find(name: string): Promise<FoundVolume | undefined>;

  /** Those that it has, of which this engine may never have heard. */
  list(): Promise<readonly FoundVolume[]>;
}

export type DriverVolume = Pick<Volume, "name" | "options">;

/** What a driver says of a volume. */
export interface FoundVolume {
  readonly name: string;
  readonly mountpoint: string;
  /** RFC 3339; undefined when it does not know. */
  readonly created: string | undefined;
  readonly status: Volume["status"];
}
