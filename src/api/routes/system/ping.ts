import type { Reply } from "#http/route.ts";

/**
 * `Builder-Version: 1` recommends the classic builder, for clients that come without buildx. (A docker CLI that has buildx uses it
 * whatever stands here.)
 */
const headers = {
  "Builder-Version": "1",
  "Cache-Control": "no-cache, no-store, must-revalidate",
  Pragma: "no-cache",
  Swarm: "inactive",
};

export const getPing = (): Promise<Reply> => Promise.resolve({ kind: "text", status: 200, body: "OK", headers });

export const headPing = (): Promise<Reply> =>
  Promise.resolve({
    kind: "empty",
    status: 200,
    headers: { ...headers, "Content-Type": "text/plain; charset=utf-8", "Content-Length": "0" },
  });
