/**
 * The side channel of a build over the classic wire: what a client offers while it lasts. The client opens it first, as an upgraded connection
 * (`POST /build/session`), under an id of its own choosing, and names that id in the header of `POST /build`. On it both speak HTTP/2, and it
 * is the daemon that asks:
 *
 * - `HEAD /ssh/ID` whether there is an agent of that id; `POST /ssh/ID` is a connection to it, both ways;
 * - `POST /output/N` hands over what the N-th of `outputs` asked for;
 * - `HEAD`, `GET`, `PUT /cache/N/FILE` look at, read and write a file of the N-th folder that the client keeps a cache in.
 */
export const BUILD_SESSION_HEADER = "x-dhow-build-session";

const SESSION_ID = /^[0-9a-f]{32}$/;
const CACHE_FILE = /^(?:index\.json|oci-layout|blobs\/sha256\/[0-9a-f]{64})$/;

export function isBuildSessionId(text: string): boolean {
  return SESSION_ID.test(text);
}

export type SessionRequest =
  | { readonly kind: "find-agent" | "agent"; readonly id: string }
  | { readonly kind: "output"; readonly index: number }
  | { readonly kind: "find-file" | "read-file" | "write-file"; readonly cache: number; readonly file: string };

export interface SessionTarget {
  readonly method: string;
  readonly path: string;
}

export function targetOf(request: SessionRequest): SessionTarget {
  switch (request.kind) {
    case "find-agent":
      return { method: "HEAD", path: `/ssh/${encodeURIComponent(request.id)}` };
    case "agent":
      return { method: "POST", path: `/ssh/${encodeURIComponent(request.id)}` };
    case "output":
      return { method: "POST", path: `/output/${request.index}` };
    case "find-file":
    case "read-file":
    case "write-file":
      return { method: FILE_METHODS[request.kind], path: `/cache/${request.cache}/${request.file}` };
  }
}

const FILE_METHODS = { "find-file": "HEAD", "read-file": "GET", "write-file": "PUT" } as const;
const FILE_KINDS = { HEAD: "find-file", GET: "read-file", PUT: "write-file" } as const;

/** What a target means; undefined for everything that is none. Files of a cache are those of an OCI layout, and no others. */
export function sessionRequestOf({ method, path }: SessionTarget): SessionRequest | undefined {
  const [, what, first = "", rest] = /^\/(ssh|output|cache)\/([^/]+)(?:\/(.+))?$/.exec(path) ?? [];
  if (what === "ssh" && rest === undefined) return agentRequest(method, first);
  const index = /^\d{1,4}$/.test(first) ? Number(first) : undefined;
  if (index === undefined) return undefined;
  if (what === "output") return method === "POST" && rest === undefined ? { kind: "output", index } : undefined;
  if (what !== "cache" || rest === undefined || !CACHE_FILE.test(rest) || !Object.hasOwn(FILE_KINDS, method)) return undefined;
  return { kind: FILE_KINDS[method as keyof typeof FILE_KINDS], cache: index, file: rest };
}

function agentRequest(method: string, encoded: string): SessionRequest | undefined {
  if (method !== "HEAD" && method !== "POST") return undefined;
  try {
    return { kind: method === "HEAD" ? "find-agent" : "agent", id: decodeURIComponent(encoded) };
  } catch {
    return undefined;
  }
}
