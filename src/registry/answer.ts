import { monotonicMs } from "#lib/monotonic.ts";
import type { HttpRequest, RawReply } from "#http/answer.ts";
import type { Principal } from "./access.ts";
import type { RegistryContext } from "./context.ts";
import { RegistryError } from "./protocol/registry-error.ts";
import { parseTarget, type Target } from "./protocol/target.ts";
import { errorReply, isFault } from "./routes/error-reply.ts";
import { methodsOf, operationFor } from "./routes/table.ts";

/** What is told of an answer when it is known. */
export type Observe = (answered: { kind: Target["kind"] | "unknown"; method: string; status: number; seconds: number }) => void;

/**
 * From a request to an answer: what the path means, who sends it, whether he may, and the operation; every error through one funnel.
 * Never throws. The log has no query, which may carry a digest and nothing secret, and no headers, which do.
 */
export async function answer(context: RegistryContext, request: HttpRequest, observe: Observe): Promise<RawReply> {
  const began = monotonicMs();
  const [path = "", query = ""] = request.target.split("?", 2);
  let kind: Target["kind"] | "unknown" = "unknown";
  let replied: RawReply;
  try {
    const parameters = new URLSearchParams(query);
    const target = asCopy(context, parseTarget(path), parameters.get("ns"));
    kind = target.kind;
    replied = await operate(context, request, target, parameters);
  } catch (error) {
    if (isFault(error)) context.logger.error({ method: request.method, path, err: error }, "a registry operation failed");
    replied = errorReply(error);
  }
  const seconds = (monotonicMs() - began) / 1000;
  observe({ kind, method: request.method, status: replied.status, seconds });
  context.logger.debug({ method: request.method, path, status: replied.status, ms: Math.round(seconds * 1000) }, "registry request");
  return withVersion(replied);
}

async function operate(context: RegistryContext, request: HttpRequest, target: Target, query: URLSearchParams): Promise<RawReply> {
  const operation = operationFor(target.kind, request.method);
  if (operation === undefined) {
    throw new RegistryError("UNSUPPORTED", "this path does not have this method", { headers: { Allow: methodsOf(target.kind) } });
  }
  const principal = await identify(context, request, target);
  if (operation.action !== undefined && "repository" in target && target.repository !== undefined) {
    context.access.check(principal, target.repository, operation.action, request);
    if (operation.action === "push" && context.copies?.isCopy(target.repository) === true) {
      throw new RegistryError("UNSUPPORTED", "this repository is a copy of another registry's: nothing is pushed to it");
    }
  }
  return operation.run(context, { request, target, query, principal });
}

/** A mirror of several registries is told by `ns` which one is meant: containerd's way. */
function asCopy({ copies }: RegistryContext, target: Target, registry: string | null): Target {
  if (registry === null || copies === undefined || !("repository" in target) || target.repository === undefined) return target;
  const repository = copies.nameOf(registry, target.repository);
  return repository === undefined ? target : { ...target, repository };
}

/** The token endpoint, and pages for people, look at credentials in their own ways. */
function identify({ access }: RegistryContext, request: HttpRequest, target: Target): Promise<Principal> {
  switch (target.kind) {
    case "token":
    case "style":
      return Promise.resolve({ user: undefined, account: accountOf(request) });
    case "page":
      return access.identifyReader(request);
    default:
      return access.identify(request);
  }
}

export function accountOf({ peer }: Pick<HttpRequest, "peer">): string {
  return `address:${peer ?? "local"}`;
}

/** By this, clients of Docker's first protocol know a server of the second. */
function withVersion(replied: RawReply): RawReply {
  return { ...replied, headers: { "Docker-Distribution-Api-Version": "registry/2.0", ...replied.headers } };
}
