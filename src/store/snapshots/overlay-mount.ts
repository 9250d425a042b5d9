import { closeSync, constants, openSync } from "node:fs";
import { EngineError } from "#errors/engine-error.ts";
import { MOST_MOUNT_OPTIONS, mount } from "#sys/mount.ts";

export interface OverlayRequest {
  /** From the top. Two or more when nothing is written. */
  readonly lowers: readonly string[];
  readonly upper?: { readonly folder: string; readonly work: string } | undefined;
  /** Never sync: what is written is thrown away. */
  readonly volatile?: boolean;
  readonly target: string;
}

/**
 * Never follow a redirect and never take another file's data, whatever attributes a layer managed to bring: they would let it show files
 * of the host (security: overlay xattr smuggling). `nofollow`, because `off` still follows where the kernel is built to.
 */
const SAFE = ["redirect_dir=nofollow", "metacopy=off", "index=off"];
const SPECIAL = /[:,\\]/;

/** Mounts an overlay. @throws SystemCallError; EngineError `invalid` for more layers than one page of options can name. */
export function mountOverlay(request: OverlayRequest): void {
  const plain = overlayOptions(request);
  const folders = [...request.lowers, request.upper?.folder ?? "", request.upper?.work ?? ""];
  if (plain.length <= MOST_MOUNT_OPTIONS && !folders.some((folder) => SPECIAL.test(folder))) {
    mount({ source: "overlay", target: request.target, type: "overlay", options: plain });
    return;
  }
  using handles = new Handles();
  const options = overlayOptions(handles.renamed(request));
  if (options.length > MOST_MOUNT_OPTIONS) throw new EngineError("invalid", "max depth exceeded");
  mount({ source: "overlay", target: request.target, type: "overlay", options });
}

export function overlayOptions({ lowers, upper, volatile }: OverlayRequest): string {
  const options = [`lowerdir=${lowers.join(":")}`];
  if (upper !== undefined) options.push(`upperdir=${upper.folder}`, `workdir=${upper.work}`);
  options.push(...SAFE);
  if (volatile === true) options.push("volatile");
  return options.join(",");
}

/**
 * Short names for folders: `/proc/self/fd/N`, which the kernel follows once, during the mount. Docker gets them by symlinks in a folder
 * that it changes into, which a process with threads cannot.
 */
class Handles implements Disposable {
  readonly #fds: number[] = [];

  renamed(request: OverlayRequest): OverlayRequest {
    const { upper } = request;
    return {
      ...request,
      lowers: request.lowers.map((folder) => this.#open(folder)),
      upper: upper && { folder: this.#open(upper.folder), work: this.#open(upper.work) },
    };
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds) closeSync(fd);
  }

  #open(folder: string): string {
    const fd = openSync(folder, 0x20_0000 | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    this.#fds.push(fd);
    return `/proc/self/fd/${fd}`;
  }
}
