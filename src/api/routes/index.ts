import type { Route } from "#http/route.ts";
import { absentRoutes } from "./absent/routes.ts";

/** The whole routing table: what the nouns serve, and for the rest of Docker's API the answer that it is not there. */
export function apiRoutes(nouns: readonly (readonly Route[])[]): Route[] {
  const served = nouns.flat();
  return [...served, ...absentRoutes(served)];
}
