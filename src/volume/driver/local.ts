import { randomBytes } from "node:crypto";
import { chown, mkdir, rename, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EngineError, messageOf } from "#errors/engine-error.ts";
import type { Owner } from "#lib/id-mapping.ts";
import { mountPointsBelow } from "#sys/mounts/mount-table.ts";
import { limitFolder } from "#sys/quota/limit-folder.ts";
import { DRIVER, shortName } from "../volume.ts";
import type { DriverVolume, FoundVolume, VolumeDriver } from "./contract.ts";
import { type LocalOptions, parseLocalOptions } from "./local-options.ts";
import { parseMountOptions } from "./mount-options.ts";
import { MountFailure, type Mounter } from "./mounter.ts";
import { withServerAddress } from "./server-address.ts";

/** No volume's name starts with a dot. */
export const TRASH_PREFIX = ".removed-";

/** The runtime of a remapped container works as that container's root, and has to pass through; the data root lets in nobody else. */
export function folderMode(owner: Owner | undefined): number {
  return owner === undefined ? 0o700 : 0o711;
}

/**
 * The engine's own driver: a folder `<root>/<name>/_data`, with what `type`, `o` and `device` name mounted on it while somebody
 * holds it.
 */
export class LocalDriver implements VolumeDriver {
  readonly name = DRIVER;
  readonly #root: string;
  readonly #owner: Owner | undefined;
  readonly #mounter: Mounter;

  /**
   * @param options.root folder of all volumes.
   * @param options.owner who new folders belong to; root without.
   */
  constructor(mounter: Mounter, { root, owner }: { readonly root: string; readonly owner: Owner | undefined }) {
    this.#mounter = mounter;
    this.#root = root;
    this.#owner = owner;
  }

  check(name: string, options: DriverVolume["options"]): void {
    parseLocalOptions(name, options);
  }

  scope(): Promise<"local"> {
    return Promise.resolve("local");
  }

  /** Only root passes the volume's own folder; what lies inside is for the containers to see. */
  async create(name: string, options: DriverVolume["options"]): Promise<void> {
    const { size } = parseLocalOptions(name, options);
    await this.#makeFolder(name);
    if (size !== undefined) await this.#limit(name, size);
  }

  async remove(name: string): Promise<string | undefined> {
    const folder = this.#folderOf(name);
    await this.#unmountAll(name);
    const trash = join(dirname(folder), `${TRASH_PREFIX}${randomBytes(8).toString("hex")}`);
    return await rename(folder, trash).then(() => trash, ignoreMissing);
  }

  /** Of a plain folder nothing but that it is there. */
  async mount(volume: DriverVolume, _holder: string, isFirst: boolean): Promise<string> {
    const { mount } = parseLocalOptions(volume.name, volume.options);
    const target = this.#contentOf(volume.name);
    await this.#makeFolder(volume.name);
    // A daemon that was killed may have left it mounted, a reboot not.
    if (mount === undefined || this.#isMounted(volume.name)) return target;
    if (!isFirst) throw new EngineError("conflict", `volume ${volume.name} is in use, and not mounted any more`);
    await this.#mount(volume.name, mount, target);
    return target;
  }

  async unmount({ name, options }: DriverVolume, _holder: string, isLast: boolean): Promise<void> {
    if (!isLast || options["type"] === undefined) return;
    await this.#unmountAll(name);
  }

  find(name: string): Promise<FoundVolume> {
    return Promise.resolve({ name, mountpoint: this.#contentOf(name), created: undefined, status: undefined });
  }

  list(): Promise<readonly FoundVolume[]> {
    return Promise.resolve([]);
  }

  async #makeFolder(name: string): Promise<void> {
    await mkdir(this.#folderOf(name), { recursive: true, mode: folderMode(this.#owner) });
    const made = await mkdir(this.#contentOf(name), { recursive: true, mode: 0o755 });
    if (this.#owner !== undefined && made !== undefined) await chown(made, this.#owner.uid, this.#owner.gid);
  }

  async #limit(name: string, size: number): Promise<void> {
    try {
      limitFolder(this.#contentOf(name), size);
    } catch (cause) {
      await rmdir(this.#contentOf(name));
      await rmdir(this.#folderOf(name));
      throw new EngineError("invalid", `create ${name}: quota size requested but no quota support: ${messageOf(cause)}`, { cause });
    }
  }

  async #mount(name: string, { type, device, options }: NonNullable<LocalOptions["mount"]>, target: string): Promise<void> {
    try {
      const { flags, data, remount, propagation } = parseMountOptions(options);
      const addressed = await withServerAddress(type, device, data);
      await this.#mounter.run({ kind: "mount", source: device, target, type, flags, data: addressed, remount, propagation });
    } catch (cause) {
      if (!(cause instanceof MountFailure || cause instanceof RangeError)) throw cause;
      const how = `device "${device}" with type "${type}" and options "${withoutPasswords(options)}"`;
      throw new EngineError("invalid", `failed to mount local volume ${name}: ${how}: ${messageOf(cause)}`, { cause });
    }
  }

  #isMounted(name: string): boolean {
    return mountPointsBelow(this.#contentOf(name)).includes(this.#contentOf(name));
  }

  async #unmountAll(name: string): Promise<void> {
    for (const target of mountPointsBelow(this.#contentOf(name)).toReversed()) {
      try {
        await this.#mounter.run({ kind: "unmount", target });
      } catch (cause) {
        throw new EngineError("conflict", `volume ${shortName(name)} cannot be unmounted: ${messageOf(cause)}`, { cause });
      }
    }
  }

  #folderOf(name: string): string {
    return join(this.#root, name);
  }

  #contentOf(name: string): string {
    return join(this.#folderOf(name), "_data");
  }
}

/** What is shown to a client, and written to a log. */
function withoutPasswords(options: string): string {
  return options.replace(/((?:^|,)(?:password|pass|passwd|password2)=)[^,]*/gi, "$1********");
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
