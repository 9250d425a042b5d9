import net from "node:net";
import { EngineError } from "#errors/engine-error.ts";
import type { HttpRequest } from "./answer.ts";

type Headers = HttpRequest["headers"];

/**
 * Keeps web pages from driving the API through the browser of somebody who may use it. No client of the API is a browser, so:
 *
 * - a request that says it comes from another site (`Sec-Fetch-Site`, or an `Origin` other than the host it is sent to) is refused,
 *   whatever the method and the listener: a proxy may have put a unix socket on the net;
 * - on plain TCP, where a page can resolve a name of its own to 127.0.0.1 (DNS rebinding), the Host has to be one that no stranger
 *   can own: an address, a name without dots (`localhost`, a service's name), `*.localhost`, or one that the daemon was given. With
 *   TLS the certificate sees to that, and on a unix socket Host means nothing.
 *
 * @throws EngineError `forbidden`.
 */
export function refuseBrowsers(request: Pick<HttpRequest, "headers" | "rawHeaders" | "transport">, allowedHosts: readonly string[]): void {
  const { headers } = request;
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") throw refusal("cross-site requests are refused");
  if (headers["origin"] !== undefined && !isSameOrigin(headers)) throw refusal("cross-origin requests are refused");
  if (request.transport !== "tcp") return;
  if (hostCount(request.rawHeaders) > 1) throw refusal("more than one Host");
  if (!isOwnHost(hostName(headers), allowedHosts)) throw refusal(`host ${JSON.stringify(hostName(headers))} is not served here`);
}

function isSameOrigin(headers: Headers): boolean {
  const origin = String(headers["origin"]);
  const separator = origin.indexOf("://");
  return separator > 0 && origin.slice(separator + 3).toLowerCase() === String(headers["host"] ?? "").toLowerCase();
}

/** The Host without its port, and without the brackets of an IPv6 address. */
function hostName(headers: Headers): string {
  const host = String(headers["host"] ?? "").toLowerCase();
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(host);
  return bracketed?.[1] ?? host.replace(/:\d*$/, "");
}

function isOwnHost(name: string, allowedHosts: readonly string[]): boolean {
  if (net.isIP(name) !== 0 || allowedHosts.includes(name)) return true;
  return /^[a-z0-9_-]*$/.test(name) || name.endsWith(".localhost");
}

/** Node keeps the first of several; another reader may keep the last. */
function hostCount(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) if (rawHeaders[index]?.toLowerCase() === "host") count += 1;
  return count;
}

function refusal(message: string): EngineError {
  return new EngineError("forbidden", message);
}
