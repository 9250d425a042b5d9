import { constants } from "node:fs";
import { checked, libc } from "../ffi.ts";
import { closeFd, openFd } from "../processes/pipe.ts";
import {
  btrfsRequests,
  entryOf,
  fileHandle,
  foundItems,
  keyAfter,
  LAST,
  lookUpArguments,
  searchArguments,
  TOP_OF_TREE,
  type BtrfsRequest,
  type FoundItem,
  type ItemKey,
  type ItemRange,
  type SubvolumeEntry,
} from "./requests.ts";

/**
 * What a btrfs has on record of its subvolumes: each is a tree of its own with a number, listed in the tree of all roots. Asking
 * takes CAP_SYS_ADMIN.
 */
const ioctl = libc("int ioctl(int fd, unsigned long request, void *argument)");

const openByHandleAt = libc("int open_by_handle_at(int mount, void *handle, int flags)");

const ROOT_TREE = 1n;
const ROOT_ITEM = 132;
const ROOT_REF = 156;
const EXTENT_DATA = 108;

/** Room for an item of the largest node (64 KiB). */
const ROOM = 128 * 1024;

/** Fills in `bytes`, where the request answers something. @throws SystemCallError. */
export function askBtrfs(fd: number, request: BtrfsRequest, bytes: Uint8Array, path?: string): void {
  checked(`ioctl btrfs ${request}`, ioctl(fd, btrfsRequests[request], bytes), path);
}

/** The number of the tree that a folder is in. */
export function treeOf(fd: number): bigint {
  const bytes = lookUpArguments();
  askBtrfs(fd, "lookUp", bytes);
  return bytes.readBigUInt64LE(0);
}

/** Items of a tree in their order. */
function* itemsOf(fd: number, range: ItemRange): Generator<FoundItem> {
  for (let from: ItemKey | undefined = range.from; from !== undefined;) {
    const answer = searchArguments({ ...range, from }, ROOM);
    askBtrfs(fd, "search", answer);
    let last: FoundItem | undefined;
    for (const item of foundItems(answer)) yield (last = item);
    from = last && keyAfter(last);
  }
}

/** The subvolumes that lie right inside one. */
export function entriesInside(fd: number, tree: bigint): SubvolumeEntry[] {
  const from = { object: tree, type: ROOT_REF, offset: 0n };
  const range = { tree: ROOT_TREE, from, to: { ...from, offset: LAST }, newerThan: 0n };
  return [...itemsOf(fd, range)].map(entryOf);
}

/** All subvolumes inside one, and inside those; each behind the one that it lies in. */
export function entriesBelow(fd: number, tree: bigint): SubvolumeEntry[] {
  const found = entriesInside(fd, tree);
  for (const entry of found) found.push(...entriesInside(fd, entry.tree));
  return found;
}

/** When a subvolume was made as a snapshot of another: what is newer was written to it. 0 where it began empty. */
function beginningOf(fd: number, tree: bigint): bigint {
  const from = { object: tree, type: ROOT_ITEM, offset: 0n };
  const [item] = itemsOf(fd, { tree: ROOT_TREE, from, to: { ...from, offset: LAST }, newerThan: 0n });
  // `struct btrfs_root_item`: the parent's UUID, and the transaction that made it.
  if (item === undefined || item.data.length < 311 || item.data.subarray(263, 279).every((byte) => byte === 0)) return 0n;
  return item.data.readBigUInt64LE(303);
}

/** Bytes on the disk that were written to a subvolume, and to those inside it, since each was made. What was not yet synced is left out. */
export function writtenBytes(fd: number, tree: bigint): number {
  const trees = [tree, ...entriesBelow(fd, tree).map((entry) => entry.tree)];
  return trees.reduce((sum, one) => sum + writtenToTree(fd, one), 0);
}

function writtenToTree(fd: number, tree: bigint): number {
  const since = beginningOf(fd, tree);
  const from = { object: TOP_OF_TREE, type: EXTENT_DATA, offset: 0n };
  let bytes = 0;
  for (const { type, data } of itemsOf(fd, { tree, from, to: { object: LAST, type: 255, offset: LAST }, newerThan: since }))
    if (type === EXTENT_DATA) bytes += extentBytes(data, since);
  return bytes;
}

const INLINE = 0;

/** `struct btrfs_file_extent_item`. A hole has no place on the disk; of a compressed extent what counts is what is there. */
export function extentBytes(data: Buffer, since: bigint): number {
  if (data.length < 21 || data.readBigUInt64LE(0) <= since) return 0;
  if (data.readUInt8(20) === INLINE) return data.length - 21;
  const [place, onDisk, length] = [data.readBigUInt64LE(21), data.readBigUInt64LE(29), data.readBigUInt64LE(45)];
  if (place === 0n) return 0;
  return Number(onDisk < length ? onDisk : length);
}

const O_CLOEXEC = 0o2000000;

/** Opens a folder by its tree and inode, however long its path is, for `use`. */
export function withInode<T>(fd: number, tree: bigint, inode: bigint, use: (fd: number) => T): T {
  const folder = checked("open_by_handle_at", openByHandleAt(fd, fileHandle(tree, inode), constants.O_DIRECTORY | O_CLOEXEC));
  try {
    return use(folder);
  } finally {
    closeFd(folder);
  }
}

export function withFolder<T>(path: string, use: (fd: number) => T): T {
  const fd = openFd(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    return use(fd);
  } finally {
    closeFd(fd);
  }
}
