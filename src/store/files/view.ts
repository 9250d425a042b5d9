import { closeSync, constants, fstatSync, statfsSync, statSync } from "node:fs";
import { EngineError } from "#errors/engine-error.ts";
import { mountOf } from "#sys/files/fd-facts.ts";
import { SystemCallError } from "#sys/ffi.ts";
import { RootFolder } from "#sys/files/in-root.ts";
import { MountTree } from "#sys/mounts/mount-tree.ts";
import type { PrivateMounts } from "#sys/mounts/private-mounts.ts";
import { closeFd } from "#sys/processes/pipe.ts";
import type { ViewMount, ViewRequest } from "./contract.ts";
import { ownersOf, type Owners } from "./owners.ts";

const O_PATH = 0x20_0000;
const TMPFS_MAGIC = 0x0102_1994;
/** Where the thread attaches a view. */
const PLACE = "/root";

/** What is attached in a view, by the kernel's number of the mount. */
interface Attached {
  readonly readOnly: boolean;
}

/**
 * A container's file system as the container has it: its root with its volumes and binds, put together on a thread's own mounts out of
 * clones, so that nothing of it is seen elsewhere, and nothing of it is left when the thread ends.
 *
 * Every target is opened by the kernel inside the root (openat2) and the mount is attached to that very descriptor: whatever the
 * container does to its folders meanwhile, no mount and no copy lands outside (CVE-2026-41568, CVE-2026-42306, CVE-2018-15664).
 */
export class View implements Disposable {
  readonly root: RootFolder;
  readonly #mounts: PrivateMounts;
  readonly #rootFd: number;
  readonly #rootMount: number;
  readonly #rootReadOnly: boolean;
  readonly #owners: Owners;
  readonly #attached = new Map<number, Attached>();

  private constructor(mounts: PrivateMounts, rootFd: number, { readOnlyRoot, users }: ViewRequest) {
    this.#mounts = mounts;
    this.#rootFd = rootFd;
    this.#rootReadOnly = readOnlyRoot;
    this.#owners = ownersOf(users);
    this.#rootMount = mountOf(rootFd);
    this.root = new RootFolder(PLACE);
  }

  /**
   * @param options.readOnly nothing is going to be written.
   * @throws EngineError `invalid` when a mount cannot be made; SystemCallError.
   */
  static open(mounts: PrivateMounts, request: ViewRequest, { readOnly }: { readOnly: boolean }): View {
    using trees = new Trees(mounts, request);
    // Mount points that are missing have to be made first.
    trees.root.tame({ readOnly: false });
    const view = new View(mounts, mounts.attachRoot(trees.root), request);
    try {
      for (const { tree, mount } of trees.others) view.#attach(tree, mount, request.makeTargets, readOnly);
      if (readOnly || request.readOnlyRoot) trees.root.freeze();
    } catch (error) {
      view[Symbol.dispose]();
      throw error;
    }
    return view;
  }

  /** From here on the thread sees this and nothing else, until it is disposed of. @param folder descriptor of its working folder. */
  enter(folder: number = this.#rootFd): void {
    this.#mounts.enter(this.#rootFd, folder);
  }

  /** Whether what a descriptor names may be written to: the container's root, or one of its mounts. */
  writability(fd: number): "writable" | "read-only root" | "read-only mount" {
    const mount = mountOf(fd);
    if (mount === this.#rootMount) return this.#rootReadOnly ? "read-only root" : "writable";
    return this.#attached.get(mount)?.readOnly === true ? "read-only mount" : "writable";
  }

  [Symbol.dispose](): void {
    this.root[Symbol.dispose]();
    closeSync(this.#rootFd);
    this.#mounts.clear();
  }

  #attach(tree: MountTree, mount: ViewMount, makeTarget: boolean, readOnly: boolean): void {
    const target = this.#target(tree, mount.target, makeTarget);
    if (target === undefined) return;
    try {
      tree.tame({ readOnly: readOnly || mount.readOnly });
      tree.attach(target);
      this.#attached.set(mountOf(tree.fd), { readOnly: mount.readOnly });
    } catch (cause) {
      throw cannotMount(mount.target, cause);
    } finally {
      closeFd(target);
    }
  }

  /** A descriptor of the mount point; undefined where there is none and none is to be made. */
  #target(tree: MountTree, path: string, make: boolean): number | undefined {
    const isFolder = fstatSync(tree.fd).isDirectory();
    try {
      if (make && this.root.stat(path) === undefined) {
        this.#owners.making(() => (isFolder ? this.root.makeFolders(path) : this.root.makeFile(path)));
      }
      return this.root.open(path, isFolder ? O_PATH | constants.O_DIRECTORY : O_PATH);
    } catch (error) {
      if (!make && error instanceof SystemCallError && ["ENOENT", "ENOTDIR", "ELOOP"].includes(error.code)) return undefined;
      throw cannotMount(path, error);
    }
  }
}

interface Clone {
  readonly tree: MountTree;
  readonly mount: ViewMount;
}

/** The clones that a view is made of, in the order of mounting: a folder before what lies in it. */
class Trees implements Disposable {
  readonly #scope = new DisposableStack();
  readonly root: MountTree;
  readonly others: readonly Clone[];

  constructor(mounts: PrivateMounts, request: ViewRequest) {
    try {
      const cloned = mounts.onHost(() => this.#onHost(request));
      this.root = cloned.root;
      this.others = [...cloned.mounts, ...this.#fromContainer(mounts, request)].toSorted((a, b) => depth(a) - depth(b));
    } catch (error) {
      this.#scope.dispose();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#scope.dispose();
  }

  #onHost({ root, mounts }: ViewRequest): { root: MountTree; mounts: Clone[] } {
    return {
      root: this.#scope.use(MountTree.clone(root)),
      mounts: mounts.map((mount) => {
        try {
          return { tree: this.#scope.use(MountTree.clone(mount.source, { recursive: mount.recursive })), mount };
        } catch (cause) {
          throw cannotMount(mount.target, cause);
        }
      }),
    };
  }

  /** What is in memory exists in the container's own mounts alone, while it runs. */
  #fromContainer(mounts: PrivateMounts, { root, running }: ViewRequest): Clone[] {
    if (running === undefined || running.tmpfs.length === 0) return [];
    const there = mounts.onHost(() => statSync(root));
    const isRoot = (): boolean => {
      const { dev, ino } = statSync("/");
      return dev === there.dev && ino === there.ino;
    };
    const clones = mounts.amongMountsOf(running.pid, isRoot, () => running.tmpfs.flatMap((target) => this.#tryClone(target)));
    return (clones ?? []).filter(({ tree }) => isMemory(tree));
  }

  #tryClone(target: string): Clone[] {
    try {
      const tree = this.#scope.use(MountTree.clone(target));
      return [{ tree, mount: { source: "", target, readOnly: false, recursive: false } }];
    } catch (error) {
      // The container has taken it away.
      if (error instanceof SystemCallError && ["ENOENT", "ENOTDIR", "ELOOP", "EINVAL"].includes(error.code)) return [];
      throw error;
    }
  }
}

/** The container may have put something else at the path: only memory is taken from there. */
function isMemory(tree: MountTree): boolean {
  return statfsSync(`/proc/self/fd/${tree.fd}/.`).type === TMPFS_MAGIC;
}

function depth({ mount }: Clone): number {
  return mount.target.split("/").filter((part) => part !== "").length;
}

function cannotMount(target: string, cause: unknown): EngineError {
  const reason = cause instanceof SystemCallError ? cause.code : String(cause);
  return new EngineError("invalid", `cannot show what is mounted at ${target}: ${reason}`, { cause });
}
