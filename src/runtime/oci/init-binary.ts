import { accessSync, closeSync, constants, openSync, readSync } from "node:fs";
import { EngineError } from "#errors/engine-error.ts";

/** Where Debian and the others put theirs: tini's static build, catatonit, and what Docker's own packages bring. */
const CANDIDATES = [
  "/usr/bin/tini-static",
  "/usr/bin/catatonit",
  "/usr/libexec/podman/catatonit",
  "/usr/libexec/docker/docker-init",
  "/usr/bin/docker-init",
];

const HEADERS = 4096;
const PT_INTERP = 3;

/**
 * Finds the init of `--init`: a static program, since it has to run in whatever image.
 *
 * @param given `init-path`.
 * @returns undefined where the host has none; a container that asks for one is refused.
 * @throws EngineError `invalid` for a given one that is missing or is not static.
 */
export function findInit(given: string | undefined, candidates: readonly string[] = CANDIDATES): string | undefined {
  if (given === undefined) return candidates.find((path) => faultOf(path) === undefined);
  const fault = faultOf(given);
  if (fault !== undefined) throw new EngineError("invalid", `init-path ${given} ${fault}`);
  return given;
}

function faultOf(path: string): string | undefined {
  if (!path.startsWith("/")) return "is not an absolute path";
  try {
    accessSync(path, constants.X_OK);
    return isStatic(path) ? undefined : "is not a static program: it would not run in an image without its libraries";
  } catch {
    return "cannot be executed";
  }
}

/** An ELF file (64 bit, little endian: every architecture that Dhow runs on) that asks for no interpreter. */
export function isStatic(path: string): boolean {
  const header = Buffer.alloc(HEADERS);
  const fd = openSync(path, "r");
  const length = readSync(fd, header, 0, HEADERS, 0);
  closeSync(fd);
  if (length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) return false;
  const [offset, size, count] = [Number(header.readBigUInt64LE(32)), header.readUInt16LE(54), header.readUInt16LE(56)];
  if (offset + size * count > length) return false;
  return Array.from({ length: count }, (_, index) => header.readUInt32LE(offset + size * index)).every((type) => type !== PT_INTERP);
}
