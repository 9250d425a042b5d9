import { constants } from "node:fs";
import { basename, dirname } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { idmappedMount } from "#sys/mounts/idmapped-mount.ts";
import { MOST_MOUNT_OPTIONS, mount } from "#sys/mounts/mount.ts";
import { closeFd, openFd } from "#sys/processes/pipe.ts";

export interface OverlayRequest {
  /** From the top. Two or more when nothing is written. */
  readonly lowers: readonly string[];
  readonly upper?: { readonly folder: string; readonly work: string } | undefined;
  /** Never sync: what is written is thrown away. */
  readonly volatile?: boolean;
  readonly target: string;
  /** Descriptor of a user namespace: every folder is seen through its mapping, by an idmapped mount that only the overlay has. */
  readonly idMap?: number | undefined;
}

/**
 * Never follow a redirect and never take another file's data, whatever attributes a layer managed to bring: they would let it show files
 * of the host (security: overlay xattr smuggling). `nofollow`, because `off` still follows where the kernel is built to.
 */
const SAFE = ["redirect_dir=nofollow", "metacopy=off", "index=off"];
const SPECIAL = /[:,\\]/;

/** Mounts an overlay. @throws SystemCallError; EngineError `invalid` for more layers than one page of options can name. */
export function mountOverlay(request: OverlayRequest): void {
  if (request.idMap !== undefined) return mountByHandles(request, idmappedHandles(request.idMap));
  const plain = overlayOptions(request);
  const folders = [...request.lowers, request.upper?.folder ?? "", request.upper?.work ?? ""];
  if (plain.length <= MOST_MOUNT_OPTIONS && !folders.some((folder) => SPECIAL.test(folder))) {
    mount({ source: "overlay", target: request.target, type: "overlay", options: plain });
    return;
  }
  mountByHandles(request, new Handles(openFolder));
}

function mountByHandles(request: OverlayRequest, made: Handles): void {
  using handles = made;
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
  readonly #open: (folder: string) => number;

  constructor(open: (folder: string) => number) {
    this.#open = open;
  }

  renamed(request: OverlayRequest): OverlayRequest {
    const { upper } = request;
    return {
      ...request,
      lowers: request.lowers.map((folder) => this.#name(folder)),
      upper: upper && this.#upper(upper),
    };
  }

  /** Of one mount: an overlay moves files from its work folder to the upper one. */
  #upper({ folder, work }: NonNullable<OverlayRequest["upper"]>): OverlayRequest["upper"] {
    const parent = this.#name(dirname(folder));
    return { folder: `${parent}/${basename(folder)}`, work: `${parent}/${basename(work)}` };
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds) closeFd(fd);
  }

  #name(folder: string): string {
    const fd = this.#open(folder);
    this.#fds.push(fd);
    return `/proc/self/fd/${fd}`;
  }
}

const O_PATH = 0x20_0000;

function openFolder(folder: string): number {
  return openFd(folder, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

function idmappedHandles(userNamespace: number): Handles {
  return new Handles((folder) => idmappedMount(folder, userNamespace));
}
