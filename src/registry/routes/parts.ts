import type { HttpRequest } from "#http/answer.ts";
import { headerOf, type RegistryContext, type WriteContext } from "../context.ts";
import { RegistryError } from "../protocol/registry-error.ts";

/** @throws RegistryError `UNSUPPORTED` of a registry that only shows what is there. */
export function writesOf({ writes }: RegistryContext): WriteContext {
  if (writes === undefined) throw new RegistryError("UNSUPPORTED", "this registry takes nothing in, and gives nothing up");
  return writes;
}

/** Undefined for a body in chunks, whose length nobody knows. */
export function contentLength(request: HttpRequest): number | undefined {
  if (headerOf(request, "transfer-encoding") !== undefined) return undefined;
  return Number(headerOf(request, "content-length") ?? 0);
}
