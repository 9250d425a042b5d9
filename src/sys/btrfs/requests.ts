/**
 * What btrfs is asked by ioctl(2), as bytes (linux/btrfs.h): pure, so that it prints as text in a test. Integers are little-endian, as
 * on every processor that Node runs on.
 */

const MAGIC = 0x94;
const DIRECTIONS = { write: 1, read: 2, both: 3 } as const;

/** `_IOC` of asm-generic/ioctl.h: direction, size of the argument, magic, number. */
function requestCode(direction: keyof typeof DIRECTIONS, number: number, size: number): number {
  return (DIRECTIONS[direction] * 2 ** 30 + size * 2 ** 16) | (MAGIC << 8) | number;
}

const ARGS_BYTES = 4096;
/** `struct btrfs_ioctl_search_key` and the size of the buffer that follows. */
const KEY_BYTES = 104;

/** Unsigned. The newest, `search` with room for large items, is of Linux 3.14. */
export const btrfsRequests = {
  create: requestCode("write", 14, ARGS_BYTES) >>> 0,
  destroy: requestCode("write", 15, ARGS_BYTES) >>> 0,
  search: requestCode("both", 17, KEY_BYTES + 8) >>> 0,
  lookUp: requestCode("both", 18, ARGS_BYTES) >>> 0,
  snapshot: requestCode("write", 23, ARGS_BYTES) >>> 0,
  getFlags: requestCode("read", 25, 8) >>> 0,
  setFlags: requestCode("write", 26, 8) >>> 0,
} as const;

export type BtrfsRequest = keyof typeof btrfsRequests;

/** `BTRFS_SUBVOL_RDONLY`, of `getFlags` and `setFlags`. */
export const READ_ONLY = 2n;
/** Longest name of a subvolume, without the NUL. */
const LONGEST_NAME = 255;

/** `struct btrfs_ioctl_vol_args`: a name in the folder that is asked. @throws RangeError for a name that is none. */
export function nameArguments(name: string | Buffer): Buffer {
  const bytes = Buffer.alloc(ARGS_BYTES);
  writeName(bytes, 8, name);
  return bytes;
}

/** `struct btrfs_ioctl_vol_args_v2`: a snapshot of the subvolume behind a descriptor, under a name in the folder that is asked. */
export function snapshotArguments(source: number, name: string): Buffer {
  const bytes = Buffer.alloc(ARGS_BYTES);
  bytes.writeBigInt64LE(BigInt(source), 0);
  writeName(bytes, 56, name);
  return bytes;
}

function writeName(bytes: Buffer, at: number, name: string | Buffer): void {
  const encoded = typeof name === "string" ? Buffer.from(name) : name;
  if (encoded.length === 0 || encoded.length > LONGEST_NAME || encoded.includes(0) || encoded.includes("/"))
    throw new RangeError(`${JSON.stringify(encoded.toString("latin1").slice(0, 80))} is no name of a subvolume`);
  encoded.copy(bytes, at);
}

/** Where a subvolume lies in the one around it: `struct btrfs_root_ref`. */
export interface SubvolumeEntry {
  readonly tree: bigint;
  /** The tree of the one around it, and the inode of the folder there that names it. */
  readonly parent: bigint;
  readonly folder: bigint;
  readonly name: Buffer;
}

export function entryOf({ object, offset, data }: FoundItem): SubvolumeEntry {
  return { tree: offset, parent: object, folder: data.readBigUInt64LE(0), name: data.subarray(18, 18 + data.readUInt16LE(16)) };
}

/** `struct file_handle` of an inode of a tree (`FILEID_BTRFS_WITHOUT_PARENT`); the generation 0 is not looked at. */
export function fileHandle(tree: bigint, inode: bigint): Buffer {
  const handle = Buffer.alloc(8 + HANDLE_BYTES);
  handle.writeUInt32LE(HANDLE_BYTES, 0);
  handle.writeInt32LE(HANDLE_TYPE, 4);
  handle.writeBigUInt64LE(inode, 8);
  handle.writeBigUInt64LE(tree, 16);
  return handle;
}

const HANDLE_TYPE = 0x4d;
const HANDLE_BYTES = 20;

/** `struct btrfs_ioctl_ino_lookup_args` that asks for the tree of what is behind the descriptor. */
export function lookUpArguments(): Buffer {
  const bytes = Buffer.alloc(ARGS_BYTES);
  bytes.writeBigUInt64LE(TOP_OF_TREE, 8);
  return bytes;
}

/** Inode of a subvolume's top folder (`BTRFS_FIRST_FREE_OBJECTID`). */
export const TOP_OF_TREE = 256n;

/** Where an item stands in a tree. */
export interface ItemKey {
  readonly object: bigint;
  readonly type: number;
  readonly offset: bigint;
}

export interface ItemRange {
  /** 0: the one of what is behind the descriptor. */
  readonly tree: bigint;
  readonly from: ItemKey;
  readonly to: ItemKey;
  /** Leaves that are no newer than this are not looked at. */
  readonly newerThan: bigint;
}

export const LAST = 0xffff_ffff_ffff_ffffn;

/** `struct btrfs_ioctl_search_args_v2`, with room for what is found behind it. */
export function searchArguments({ tree, from, to, newerThan }: ItemRange, room: number): Buffer {
  const bytes = Buffer.alloc(KEY_BYTES + 8 + room);
  const numbers = [tree, from.object, to.object, from.offset, to.offset, newerThan, LAST];
  for (const [index, number] of numbers.entries()) bytes.writeBigUInt64LE(number, index * 8);
  bytes.writeUInt32LE(from.type, 56);
  bytes.writeUInt32LE(to.type, 60);
  bytes.writeUInt32LE(0xffff_ffff, 64);
  bytes.writeBigUInt64LE(BigInt(room), KEY_BYTES);
  return bytes;
}

export interface FoundItem extends ItemKey {
  readonly data: Buffer;
}

/** What the kernel found, from the arguments that it has filled in. */
export function* foundItems(answer: Buffer): Generator<FoundItem> {
  let at = KEY_BYTES + 8;
  for (let left = answer.readUInt32LE(64); left > 0; left--) {
    const length = answer.readUInt32LE(at + 28);
    const [object, offset, type] = [answer.readBigUInt64LE(at + 8), answer.readBigUInt64LE(at + 16), answer.readUInt32LE(at + 24)];
    yield { object, offset, type, data: answer.subarray(at + 32, at + 32 + length) };
    at += 32 + length;
  }
}

/** The key behind one, in the order of a tree; undefined behind the last. */
export function keyAfter({ object, type, offset }: ItemKey): ItemKey | undefined {
  if (offset < LAST) return { object, type, offset: offset + 1n };
  if (type < 255) return { object, type: type + 1, offset: 0n };
  return object < LAST ? { object: object + 1n, type: 0, offset: 0n } : undefined;
}
