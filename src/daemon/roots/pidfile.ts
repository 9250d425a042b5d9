import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { EngineError } from "#errors/engine-error.ts";
import { tryLock } from "#sys/files/flock.ts";

/** This process's claim to be the daemon of a pid file. */
export interface PidFile {
  /** Takes the file away. */
  release(): void;
}

/**
 * Writes the pid file and keeps it locked while the process lives: so a file that a crash has left is told apart from another
 * daemon's without guessing from the number in it, which the kernel may have given to somebody else.
 *
 * @throws EngineError `conflict` when another daemon holds it.
 */
export function claimPidFile(path: string, pid: number): PidFile {
  mkdirSync(dirname(path), { recursive: true });
  const fd = openLocked(path);
  ftruncateSync(fd);
  writeSync(fd, `${pid}\n`, 0);
  return {
    release() {
      if (isStill(path, fd)) unlinkSync(path);
      closeSync(fd);
    },
  };
}

function openLocked(path: string): number {
  for (;;) {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o644);
    if (!tryLock(fd)) {
      closeSync(fd);
      throw running(path);
    }
    // Whoever held it may have taken the file away between our opening and our locking: then this is a lock on nothing.
    if (isStill(path, fd)) return fd;
    closeSync(fd);
  }
}

function isStill(path: string, fd: number): boolean {
  const [named, held] = [lstatSync(path, { throwIfNoEntry: false }), fstatSync(fd)];
  return named?.ino === held.ino && named.dev === held.dev;
}

function running(path: string): EngineError {
  const pid = readFileSync(path, "utf8").trim();
  return new EngineError("conflict", `ensure dhowd is not running or delete ${path}: process with PID ${pid} is still running`);
}
