import { EngineError, isEngineError } from "#errors/engine-error.ts";
import { familiarName, familiarString, withDefaultTag, type Reference } from "#spec/reference.ts";

/** A registry's refusal with the image it is about, in the words that clients look for. */
export function pullError(error: unknown, reference: Reference): unknown {
  if (!isEngineError(error)) return error;
  const about = subjectOf(error.code, reference);
  if (about === undefined) return error;
  const options = error.code === undefined ? { cause: error } : { cause: error, code: error.code };
  return new EngineError("not-found", `${about}: ${error.message}`, options);
}

function subjectOf(code: string | undefined, reference: Reference): string | undefined {
  switch (code) {
    case "denied":
      return `pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login'`;
    case "manifest-unknown":
      return `manifest for ${familiarString(withDefaultTag(reference))} not found`;
    case "name-unknown":
      return `repository ${familiarName(reference)} not found`;
    default:
      return undefined;
  }
}
