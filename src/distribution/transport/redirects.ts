import { EngineError } from "#errors/engine-error.ts";
import { discard } from "./body.ts";
import type { HttpRequest, HttpResponse, Transport } from "./transport.ts";

const MOST_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Sends a request without a body and follows where it is sent. Credentials go to the origin they were meant for and to no other; encryption is not
 * given up on the way; what a registry may not name (transport.ts) is refused.
 *
 * @throws EngineError as Transport, and `forbidden` for a redirect that is not followed.
 */
export async function getFollowing(
  transport: Transport,
  first: HttpRequest,
  registryIsLocal: boolean,
  signal: AbortSignal,
): Promise<HttpResponse> {
  let request = first;
  for (let redirects = 0; ; redirects++) {
    const response = await transport.exchange(request, signal);
    const { location } = response.headers;
    if (!REDIRECTS.has(response.status) || location === undefined) return response;
    discard(response);
    if (redirects >= MOST_REDIRECTS) throw refused(request.url, `stopped after ${MOST_REDIRECTS} redirects`);
    request = redirected(request, location, registryIsLocal);
  }
}

/**
 * The address that an answer from `from` leads to.
 *
 * @throws EngineError `forbidden` for one that is not followed.
 */
export function ledTo(from: URL, location: string): URL {
  const url = URL.parse(location, from);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) throw refused(from, "it redirects to no http address");
  if (from.protocol === "https:" && url.protocol === "http:") throw refused(from, "it redirects from https to http");
  if (url.username !== "" || url.password !== "") throw refused(from, "it redirects with credentials in the address");
  return url;
}

function redirected(request: HttpRequest, location: string, registryIsLocal: boolean): HttpRequest {
  const url = ledTo(request.url, location);
  if (url.origin === request.url.origin) return { ...request, url };
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => name.toLowerCase() !== "authorization"));
  return { ...request, url, headers, ...(url.hostname === request.url.hostname ? {} : { guard: { registryIsLocal } }) };
}

function refused(url: URL, why: string): EngineError {
  return new EngineError("forbidden", `Get ${JSON.stringify(url.href)}: ${why}`);
}
