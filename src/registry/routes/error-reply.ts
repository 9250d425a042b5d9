import type { RawReply } from "#http/answer.ts";
import { EngineError } from "#errors/engine-error.ts";
import { reply } from "../context.ts";
import { RegistryError } from "../protocol/registry-error.ts";

/** Every error's way out: `{"errors":[…]}`, as the specification has it. What is nobody's fault but ours says no more than that. */
export function errorReply(error: unknown): RawReply {
  const known = asRegistryError(error);
  const entry = { code: known.code, message: known.message, ...(known.detail === undefined ? {} : { detail: known.detail }) };
  return reply(known.status, { "Content-Type": "application/json", ...known.headers }, `${JSON.stringify({ errors: [entry] })}\n`);
}

/** True for what has to be in the log as an error. */
export function isFault(error: unknown): boolean {
  return asRegistryError(error).status === 500;
}

function asRegistryError(error: unknown): RegistryError {
  if (error instanceof RegistryError) return error;
  if (!(error instanceof EngineError)) return fault(error);
  switch (error.category) {
    case "exhausted":
      return new RegistryError("UNAVAILABLE", error.message, { status: 507, cause: error });
    case "too-large":
      return new RegistryError("SIZE_INVALID", error.message, { status: 413, cause: error });
    case "invalid":
      return new RegistryError("NAME_INVALID", error.message, { status: 400, cause: error });
    case "cancelled":
      return new RegistryError("BLOB_UPLOAD_INVALID", "the request's body ended early", { cause: error });
    case "unavailable":
    case "unauthorized":
    case "forbidden":
      return new RegistryError("UNAVAILABLE", error.message, { status: 502, cause: error });
    default:
      return fault(error);
  }
}

function fault(cause: unknown): RegistryError {
  return new RegistryError("UNKNOWN", "an internal error; the registry's log says more", { cause });
}
