import type { Reply, Route } from "#http/route.ts";
import { type ApiVersion, compareApiVersions } from "#spec/api-version.ts";
import { isObject } from "./json-object.ts";
import type { Operation, VersionStep } from "./step.ts";
import { versionSteps } from "./steps/index.ts";

/** What stands between a client of one version and a handler. */
export interface Shim {
  query(query: URLSearchParams): URLSearchParams;
  body(body: unknown): unknown;
  reply(reply: Reply): Reply;
}

/** The steps between a client's version and the newest, for one operation; undefined when there are none. */
export function shimFor(
  route: Pick<Route, "method" | "path">,
  client: ApiVersion,
  all: readonly VersionStep[] = versionSteps,
): Shim | undefined {
  const operation = operationOf(route);
  const steps = all.filter((step) => compareApiVersions(client, step.version) < 0 && touches(step, operation));
  if (steps.length === 0) return undefined;
  return {
    query: (query) => steps.reduce((lifted, step) => liftQuery(step, operation, lifted), query),
    body: (body) => steps.reduce((lifted, step) => (isObject(lifted) ? (step.body?.[operation]?.(lifted) ?? lifted) : lifted), body),
    reply: (reply) => takeBack(steps, operation, reply),
  };
}

/** Parameters have names of the handler's choosing. */
export function operationOf({ method, path }: Pick<Route, "method" | "path">): Operation {
  return `${method} ${path.replace(/:[^/]+/g, "{}") as `/${string}`}`;
}

function touches(step: VersionStep, operation: Operation): boolean {
  return [step.ignoredQuery, step.body, step.answer].some((table) => table?.[operation] !== undefined);
}

function liftQuery(step: VersionStep, operation: Operation, query: URLSearchParams): URLSearchParams {
  const ignored = step.ignoredQuery?.[operation]?.filter((name) => query.has(name)) ?? [];
  return ignored.length === 0 ? query : new URLSearchParams([...query].filter(([name]) => !ignored.includes(name)));
}

function takeBack(steps: readonly VersionStep[], operation: Operation, reply: Reply): Reply {
  if (reply.kind === "json-text" && steps.some((step) => step.answer?.[operation] !== undefined)) {
    return takeBack(steps, operation, { ...reply, kind: "json", body: JSON.parse(reply.body) as unknown });
  }
  if (reply.kind !== "json") return reply;
  return { ...reply, body: steps.reduceRight((body, step) => step.answer?.[operation]?.(body) ?? body, reply.body) };
}
