import { constants } from "node:fs";
import { checked, libc, SystemCallError } from "../ffi.ts";
import { closeFd, openFd } from "../processes/pipe.ts";

/**
 * Limits what a folder may hold by a project quota: every file made below it belongs to the folder's project, whose blocks the kernel
 * counts. XFS mounted with `prjquota`, and ext4 with the features `project` and `quota` and the option `prjquota`, can; others refuse.
 */
const ioctl = libc("int ioctl(int fd, unsigned long request, void *argument)");
const quotactlFd = libc("long syscall(long number, unsigned int fd, unsigned int command, int id, void *address)");

/** Linux 5.14; the same number on every architecture. */
const SYS_QUOTACTL_FD = 443;
const FS_IOC_FSGETXATTR = 0x801c581f;
const FS_IOC_FSSETXATTR = 0x401c5820;
const FSXATTR_BYTES = 28;
const XFLAG_PROJINHERIT = 0x200;
const PROJECT = 2;
const Q_GETQUOTA = 0x800007;
const Q_SETQUOTA = 0x800008;
/** `struct if_dqblk`: hard limit in blocks of 1 KiB, then soft, space, inodes …, and which of them count. */
const DQBLK_BYTES = 72;
const BLOCK_LIMITS = 1;
const BLOCK = 1024;

/** Projects of the host's own administrators are numbered from 1 on. */
const FIRST_PROJECT = 0x4000_0000;
const PROJECTS = 0x3fff_ffff;

/**
 * @param folder an empty one, which becomes a project of its own.
 * @throws SystemCallError `ENOTTY`, `EOPNOTSUPP`, `ESRCH`, `EINVAL` … where the file system counts nothing.
 */
export function limitFolder(folder: string, bytes: number): void {
  const fd = openFd(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const project = projectOf(fd) || freeProject(fd, folder);
    setLimit(fd, project, Math.ceil(bytes / BLOCK), folder);
    setProject(fd, project, folder);
  } finally {
    closeFd(fd);
  }
}

function projectOf(fd: number): number {
  return attributesOf(fd, "").readUInt32LE(12);
}

function attributesOf(fd: number, folder: string): Buffer {
  const attributes = Buffer.alloc(FSXATTR_BYTES);
  checked("ioctl FS_IOC_FSGETXATTR", ioctl(fd, FS_IOC_FSGETXATTR, attributes), folder);
  return attributes;
}

function setProject(fd: number, project: number, folder: string): void {
  const attributes = attributesOf(fd, folder);
  attributes.writeUInt32LE((attributes.readUInt32LE(0) | XFLAG_PROJINHERIT) >>> 0, 0);
  attributes.writeUInt32LE(project, 12);
  checked("ioctl FS_IOC_FSSETXATTR", ioctl(fd, FS_IOC_FSSETXATTR, attributes), folder);
}

/** By chance, and looked at: one that counts nothing and has no limit. */
function freeProject(fd: number, folder: string): number {
  for (let attempt = 0; attempt < 64; attempt++) {
    const project = FIRST_PROJECT + Math.floor(Math.random() * PROJECTS);
    const { limit, used } = quotaOf(fd, project, folder);
    if (limit === 0n && used === 0n) return project;
  }
  throw new Error("no project is free");
}

function quotaOf(fd: number, project: number, folder: string): { limit: bigint; used: bigint } {
  const quota = Buffer.alloc(DQBLK_BYTES);
  try {
    checked("quotactl", quotactlFd(SYS_QUOTACTL_FD, fd, ((Q_GETQUOTA << 8) | PROJECT) >>> 0, project, quota), folder);
  } catch (error) {
    // XFS knows nothing of a project that never had a block.
    if (error instanceof SystemCallError && error.code === "ENOENT") return { limit: 0n, used: 0n };
    throw error;
  }
  return { limit: quota.readBigUInt64LE(0), used: quota.readBigUInt64LE(16) };
}

function setLimit(fd: number, project: number, blocks: number, folder: string): void {
  const quota = Buffer.alloc(DQBLK_BYTES);
  quota.writeBigUInt64LE(BigInt(blocks), 0);
  quota.writeBigUInt64LE(BigInt(blocks), 8);
  quota.writeUInt32LE(BLOCK_LIMITS, 64);
  checked("quotactl", quotactlFd(SYS_QUOTACTL_FD, fd, ((Q_SETQUOTA << 8) | PROJECT) >>> 0, project, quota), folder);
}
