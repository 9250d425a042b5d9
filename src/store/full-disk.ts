import { EngineError } from "#errors/engine-error.ts";

const fullDisk = new Set(["ENOSPC", "EDQUOT"]);

export function isFullDisk(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" && fullDisk.has(error.code);
}

/** A full disk is the one failure of the host that a caller can do something about; everything else stays as it is. */
export function orExhausted(error: unknown, what: string): unknown {
  return isFullDisk(error) ? new EngineError("exhausted", `${what}: no space left on device`, { cause: error }) : error;
}
