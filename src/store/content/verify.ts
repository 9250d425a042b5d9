import { EngineError } from "#errors/engine-error.ts";
import type { Digest } from "#spec/digest.ts";
import type { ExpectedBlob } from "./contract.ts";

/** Looked at while bytes come in: what is longer than it should be is wrong before it has ended. @throws as `verify`, or `too-large`. */
export function verifyLength({ limit, size }: Pick<ExpectedBlob, "limit" | "size">, length: number): void {
  if (size !== undefined && length > size) throw sizeMismatch(`more than ${size}`, size);
  if (length > limit) throw overLimit(limit);
}

/** @throws EngineError `invalid`, naming what does not fit. */
export function verify(expected: ExpectedBlob, found: { readonly digest: Digest; readonly size: number }): void {
  if (expected.size !== undefined && expected.size !== found.size) throw sizeMismatch(String(found.size), expected.size);
  if (expected.digest !== undefined && expected.digest !== found.digest) {
    throw new EngineError("invalid", `blob digest is ${found.digest}, expected ${expected.digest}`, { code: "digest-mismatch" });
  }
}

export function overLimit(limit: number): EngineError {
  return new EngineError("too-large", `blob is larger than ${limit} bytes`);
}

function sizeMismatch(found: string, expected: number): EngineError {
  return new EngineError("invalid", `blob has ${found} bytes, expected ${expected}`, { code: "size-mismatch" });
}
